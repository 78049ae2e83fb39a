#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <new>

#include "base/fail.h"
#include "text/unicode.h"

namespace temper::text {
namespace {

std::string pcre2_message(int error) {
  std::array<PCRE2_UCHAR, 256> message{};
  pcre2_get_error_message(error, message.data(), message.size());
  return reinterpret_cast<const char*>(message.data());
}

}  // namespace

struct Regex::Compiled {
  struct FreeCode {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  std::unique_ptr<pcre2_code, FreeCode> code;
  bool jit = false;
  std::string pattern, where;  // for messages

  int match(std::string_view text, size_t from, pcre2_match_data* data) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    if (jit) {
      const int result = pcre2_jit_match(code.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK, data, nullptr);
      if (result != PCRE2_ERROR_JIT_STACKLIMIT) return result;
    }
    // The interpreter keeps its backtracking points on the heap, within PCRE2's limits.
    return pcre2_match(code.get(), subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, nullptr);
  }
};

RegexScratch::RegexScratch() : match_data_(pcre2_match_data_create(1, nullptr)) {
  if (!match_data_) throw std::bad_alloc();
}

void RegexScratch::Free::operator()(void* match_data) const {
  pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data));
}

Regex::Regex(std::string_view pattern, std::string_view where) : compiled_(std::make_unique<Compiled>()) {
  compiled_->pattern = pattern;
  compiled_->where = where;
  const std::string translated = pcre2_from_oniguruma(pattern, where);
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  if (!context) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);  // for `.`, `^` and `$`: Oniguruma knows no other
  int error = 0;
  size_t offset = 0;
  compiled_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, context.get()));
  if (!compiled_->code) {
    const ErrorCode code = error == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY ? ErrorCode::unsupported : ErrorCode::format;
    fail(code, "{}: regular expression '{}': {} (at byte {} of '{}')", where, pattern, pcre2_message(error), offset,
         translated);
  }
  compiled_->jit = pcre2_jit_compile(compiled_->code.get(), PCRE2_JIT_COMPLETE) == 0;
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

void Regex::find_all(std::string_view text, RegexScratch& scratch, std::vector<Range>& matches) const {
  auto* data = static_cast<pcre2_match_data*>(scratch.match_data_.get());
  const size_t* ends = pcre2_get_ovector_pointer(data);
  size_t from = 0, last_end = std::string_view::npos;
  while (from <= text.size()) {
    const int result = compiled_->match(text, from, data);
    if (result == PCRE2_ERROR_NOMATCH) return;
    if (result < 0) {
      fail(ErrorCode::data, "{}: regular expression '{}' gave up at byte {} of a text of {} bytes: {}",
           compiled_->where, compiled_->pattern, from, text.size(), pcre2_message(result));
    }
    const Range match{ends[0], ends[1]};
    if (match.begin == match.end && match.end == last_end) {
      from += from < text.size() ? code_point_at(text, from).bytes : 1;
      continue;
    }
    matches.push_back(match);
    from = last_end = match.end;
  }
}

}  // namespace temper::text
