#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/regex.h"
#include "text/tokenizer_spec.h"

namespace temper::text {

/// Memory of one encode() call.
struct EncodeScratch {
  RegexScratch regex;
  std::vector<Range> matches;
  std::vector<std::string_view> pieces, next_pieces;
  std::deque<std::string> strings;  // texts that a step made, which pieces point into
};

/// The pre-tokenizer of a tokenizer.json, compiled: cuts a text into the words that BPE sees. Immutable.
class PreTokenizer {
 public:
  PreTokenizer(const std::vector<PreTokenizerStep>& steps, std::string_view where);

  /// Leaves the words in scratch.pieces; they point into `text` (valid UTF-8) or scratch.strings.
  void split(std::string_view text, EncodeScratch& scratch) const;

  /// Whether words are raw bytes: true when byte-level mapping is the last step, which BPE then does on its own.
  bool gives_bytes() const { return gives_bytes_; }

 private:
  struct Step {
    PreTokenizerStep spec;
    std::optional<Regex> regex;
  };
  void apply(const Step& step, std::string_view piece, EncodeScratch& scratch) const;

  std::vector<Step> steps_;
  bool gives_bytes_ = false;
};

}  // namespace temper::text
