#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace temper::text {
namespace {

// \w of Rust's regular expressions (UTS #18), which Hugging Face tests neighbours with.
constexpr std::string_view kRustWord =
    R"([\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}])";

size_t white_space_before(std::string_view text, size_t end) {
  while (end > 0) {
    const CodePoint c = code_point_before(text, end);
    if (!is_white_space(c.value)) break;
    end -= c.bytes;
  }
  return end;
}

size_t white_space_after(std::string_view text, size_t begin) {
  while (begin < text.size()) {
    const CodePoint c = code_point_at(text, begin);
    if (!is_white_space(c.value)) break;
    begin += c.bytes;
  }
  return begin;
}

}  // namespace

void AddedTokenMatcher::add(std::string_view pattern, const AddedToken& token) {
  if (pattern.empty()) return;
  const uint64_t preference = entries_.size() + (token.special ? uint64_t{1} << 32 : 0);
  entries_.push_back({std::string(pattern), preference, token.id, token.lstrip, token.rstrip, token.single_word});
  starts_[static_cast<uint8_t>(pattern.front())] = true;
  if (token.single_word && !word_character_) word_character_.emplace(kRustWord, "word characters");
}

void AddedTokenMatcher::finish() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.pattern != b.pattern ? a.pattern < b.pattern : a.preference > b.preference;
  });
}

const AddedTokenMatcher::Entry* AddedTokenMatcher::longest_at(std::string_view text, size_t at) const {
  const Entry* longest = nullptr;
  auto first = entries_.begin(), last = entries_.end();  // all patterns that begin with the bytes looked at so far
  for (size_t depth = 0; at + depth < text.size() && first != last; ++depth) {
    const auto byte = static_cast<uint8_t>(text[at + depth]);
    const auto before = [depth](const Entry& entry, uint8_t b) {
      return entry.pattern.size() <= depth || static_cast<uint8_t>(entry.pattern[depth]) < b;
    };
    const auto after = [depth](uint8_t b, const Entry& entry) {
      return entry.pattern.size() > depth && b < static_cast<uint8_t>(entry.pattern[depth]);
    };
    first = std::lower_bound(first, last, byte, before);
    last = std::upper_bound(first, last, byte, after);
    // A pattern that ends here sorts before those it is a prefix of.
    if (first != last && first->pattern.size() == depth + 1) longest = &*first;
  }
  return longest;
}

bool AddedTokenMatcher::is_word(std::string_view character, RegexScratch& scratch) const {
  std::vector<Range> matches;
  word_character_->find_all(character, scratch, matches);
  return !matches.empty();
}

bool AddedTokenMatcher::word_before(std::string_view text, size_t end, RegexScratch& scratch) const {
  if (end == 0) return false;
  const size_t bytes = code_point_before(text, end).bytes;
  return is_word(text.substr(end - bytes, bytes), scratch);
}

bool AddedTokenMatcher::word_after(std::string_view text, size_t begin, RegexScratch& scratch) const {
  if (begin == text.size()) return false;
  return is_word(text.substr(begin, code_point_at(text, begin).bytes), scratch);
}

void AddedTokenMatcher::split(std::string_view text, RegexScratch& scratch, std::vector<Part>& parts) const {
  size_t done = 0;  // everything before is in `parts`
  size_t at = 0;
  while (at < text.size()) {
    if (!starts_[static_cast<uint8_t>(text[at])]) {
      ++at;
      continue;
    }
    const Entry* entry = longest_at(text, at);
    if (entry == nullptr) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + entry->pattern.size();
    at = end;
    if (entry->single_word && (word_before(text, begin, scratch) || word_after(text, end, scratch))) continue;
    if (entry->lstrip) begin = std::max(white_space_before(text, begin), done);
    // The next search still starts at `at`: a token may begin within the white space that this one takes.
    if (entry->rstrip) end = white_space_after(text, end);
    if (done < begin) parts.push_back({std::nullopt, text.substr(done, begin - done)});
    parts.push_back({entry->id, text.substr(begin, end - begin)});
    done = end;
  }
  if (done < text.size()) parts.push_back({std::nullopt, text.substr(done)});
}

}  // namespace temper::text
