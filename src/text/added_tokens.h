#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/regex.h"
#include "text/tokenizer_spec.h"

namespace temper::text {

/// Finds added tokens in a text: leftmost first, the longest of those that start at one place. Immutable.
class AddedTokenMatcher {
 public:
  /// A stretch of text, or an added token when `id` is there.
  struct Part {
    std::optional<int32_t> id;
    std::string_view text;
  };

  void add(std::string_view pattern, const AddedToken& token);
  /// After the last add().
  void finish();

  bool empty() const { return entries_.empty(); }
  /// Cuts `text` (valid UTF-8); parts are in order and never empty.
  void split(std::string_view text, RegexScratch& scratch, std::vector<Part>& parts) const;

 private:
  struct Entry {
    std::string pattern;
    uint64_t preference;  // of equal patterns (contents that normalize alike): special ones first, then later ones
    int32_t id;
    bool lstrip, rstrip, single_word;
  };
  const Entry* longest_at(std::string_view text, size_t at) const;
  bool word_before(std::string_view text, size_t end, RegexScratch& scratch) const;
  bool word_after(std::string_view text, size_t begin, RegexScratch& scratch) const;
  bool is_word(std::string_view character, RegexScratch& scratch) const;

  std::vector<Entry> entries_;           // by pattern
  std::array<bool, 256> starts_{};       // first bytes of patterns
  std::optional<Regex> word_character_;  // compiled when a token is single_word
};

}  // namespace temper::text
