#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/regex.h"
#include "text/tokenizer_spec.h"

namespace temper::text {

/// Replaces every match of a pattern; shared by the normalizer and the decoder.
class Replacer {
 public:
  Replacer(std::string_view pattern, bool is_regex, std::string_view content, std::string_view where);
  /// Throws Error{data} when the result would be longer than `max_bytes`: a hostile file can make text explode.
  std::string apply(std::string_view text, size_t max_bytes, RegexScratch& scratch) const;

 private:
  std::optional<Regex> regex_;  // absent: `literal_` is searched for
  std::string literal_, content_, where_;
};

/// The normalizer of a tokenizer.json, compiled. Immutable.
class Normalizer {
 public:
  Normalizer(const std::vector<NormalizerStep>& steps, std::string_view where);
  bool empty() const { return steps_.empty(); }
  std::string apply(std::string_view text, RegexScratch& scratch) const;

 private:
  struct Step {
    NormalizerStep::Kind kind;
    std::string prefix;
    std::optional<Replacer> replacer;
  };
  std::vector<Step> steps_;
};

}  // namespace temper::text
