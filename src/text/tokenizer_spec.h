#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What a tokenizer.json says, as data: read from JSON or derived from a GGUF vocabulary, compiled by Tokenizer, written
// back as JSON. Sequences of normalizers, pre-tokenizers and decoders are flattened.
namespace temper::text {

struct NormalizerStep {
  enum class Kind { nfc, nfd, nfkc, nfkd, lowercase, prepend, replace };
  Kind kind;
  std::string pattern{};  // of replace
  bool is_regex = false;
  std::string content{};  // of replace and prepend
};

/// What becomes of a match when a text is split at matches.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct PreTokenizerStep {
  enum class Kind { split, digits, punctuation, byte_level };
  Kind kind;
  std::string pattern{};  // of split
  bool is_regex = false;
  SplitBehavior behavior = SplitBehavior::isolated;  // of split, punctuation
  bool invert = false;
  bool individual_digits = false;
  bool add_prefix_space = false, use_regex = true, trim_offsets = true;  // of byte_level
};

struct DecoderStep {
  enum class Kind { byte_level, byte_fallback, fuse, strip, replace };
  Kind kind;
  std::string pattern{};  // of replace
  bool is_regex = false;
  std::string content{};    // of replace; of strip, one character
  int start = 0, stop = 0;  // of strip: how many at most
};

struct AddedToken {
  int32_t id = 0;
  std::string content{};
  bool special = false, lstrip = false, rstrip = false, single_word = false, normalized = false;
  bool in_vocabulary = true;  // of the model, so that merges may give it too
};

struct TokenizerSpec {
  std::vector<AddedToken> added_tokens;  // by id
  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<int32_t> prefix_ids, suffix_ids;      // what the post-processor puts around a single sequence
  std::optional<std::vector<DecoderStep>> decoder;  // absent: tokens are joined by spaces
  std::vector<std::optional<std::string>> tokens;   // by id, added tokens included
  std::vector<std::pair<int32_t, int32_t>> merges;  // best first
  std::optional<std::string> unk_token;
  bool fuse_unk = false, byte_fallback = false, ignore_merges = false;
};

}  // namespace temper::text
