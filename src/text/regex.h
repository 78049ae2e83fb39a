#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace temper::text {

/// A byte range of a text.
struct Range {
  size_t begin, end;
};

/// Rewrites a regular expression of Oniguruma's Ruby syntax, which tokenizer.json files are written in, so that PCRE2
/// (UTF, UCP, MULTILINE) matches the same. They differ in \s, \w, \h, \v, \b, in what \p{script} means, in `(?m)` and
/// in quantifier details. Throws Error{unsupported} `where: ...` for a construct that isn't translated, by name.
std::string pcre2_from_oniguruma(std::string_view pattern, std::string_view where);

/// `text` as a pattern that matches exactly it.
std::string escape_regex(std::string_view text);

/// Memory of one thread's matching, reused between calls.
class RegexScratch {
 public:
  RegexScratch();

 private:
  friend class Regex;
  struct Free {
    void operator()(void* match_data) const;
  };
  std::unique_ptr<void, Free> match_data_;
};

/// A regular expression of Oniguruma's Ruby syntax, compiled by PCRE2 (with its JIT where there is one). Immutable.
class Regex {
 public:
  /// Throws Error{format} for a malformed pattern, Error{unsupported} as pcre2_from_oniguruma; `where` names it.
  Regex(std::string_view pattern, std::string_view where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// All matches in order, those of no length included, except one that directly follows a match.
  /// `text` is valid UTF-8. Throws Error{data} when matching takes too long (backtracking without bound).
  void find_all(std::string_view text, RegexScratch& scratch, std::vector<Range>& matches) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace temper::text
