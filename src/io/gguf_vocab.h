#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace temper::io {

class GgufFile;

/// The tokenizer inside a GGUF file (its tokenizer.ggml.* metadata), uninterpreted.
struct GgufVocab {
  std::string model;  ///< "gpt2" is byte-level BPE, "llama" SentencePiece
  std::string pre;    ///< which pre-tokenizer: "smollm", "gpt-2", "llama-bpe", "qwen2"; may be empty
  std::vector<std::string> tokens;
  std::vector<std::string> merges;   ///< "left right", by rank
  std::vector<int32_t> token_types;  ///< 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; or empty
  std::vector<float> scores;         ///< or empty
  std::optional<int64_t> bos, eos, pad, unk, eot, eom;
  std::optional<bool> add_bos, add_eos, add_space_prefix;
};

/// Throws Error{not_found} without a vocabulary, Error{format} when lengths disagree or an id isn't a token.
GgufVocab vocab_from_gguf(const GgufFile& file);

}  // namespace temper::io
