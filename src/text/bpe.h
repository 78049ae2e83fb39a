#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/pair_table.h"
#include "text/tokenizer_spec.h"
#include "text/word_cache.h"

namespace temper::text {

/// Token strings to ids.
using TokenMap = std::unordered_map<std::string_view, int32_t>;

/// Byte-pair encoding (Sennrich et al. 2016) of one pre-token: starting from characters, the best-ranked pair of
/// neighbours merges first, the leftmost among equals, until none is left. O(n log n) for a word of n characters.
class Bpe {
 public:
  enum class Input {
    text,  ///< words are UTF-8 and their characters the first symbols
    bytes  ///< words are raw bytes that byte-level characters stand for; the characters are never spelt out
  };

  /// `vocabulary` holds the tokens of `spec`, the added ones included, and must outlive the object. Throws
  /// Error{format} when unk_token isn't in the vocabulary.
  Bpe(const TokenizerSpec& spec, const TokenMap& vocabulary, Input input, std::string_view where);

  /// Appends the ids of `word`. Thread safe.
  void encode(std::string_view word, std::vector<int32_t>& ids) const;

 private:
  int32_t find(std::string_view token) const;  // -1: not in the model's vocabulary
  void encode_uncached(std::string_view word, std::vector<int32_t>& ids) const;
  void first_symbols(std::string_view text, std::vector<int32_t>& symbols) const;
  bool push_byte_tokens(std::string_view character, std::vector<int32_t>& symbols) const;
  void merge_by_scan(std::vector<int32_t>& symbols) const;
  void merge_by_queue(std::vector<int32_t>& symbols) const;

  const TokenMap& vocabulary_;
  std::vector<bool> added_only_;  // by id: tokens that aren't in the model's vocabulary
  Input input_;
  bool fuse_unk_, ignore_merges_;
  int32_t unk_ = -1;
  std::array<int32_t, 256> id_of_byte_{};                 // of the byte's byte-level character, -1 when there is none
  std::array<int32_t, 256> fallback_of_byte_{};           // of "<0x0A>", -1 when there is none or byte_fallback is off
  std::unordered_map<std::string, int32_t> whole_words_;  // raw bytes of every token, for ignore_merges
  PairTable merges_;
  std::unique_ptr<WordCache> cache_;
};

}  // namespace temper::text
