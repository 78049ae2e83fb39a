#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper::text {

/// The vocabulary of a GGUF file, as its `tokenizer.ggml.*` metadata carry it.
struct GgufVocab {
  std::string model{};  ///< tokenizer.ggml.model; "gpt2" means byte-level BPE, the only one read
  std::string pre{};    ///< tokenizer.ggml.pre: "smollm", "llama-bpe", "qwen2", "gpt-2", ...
  std::vector<std::string> tokens{};
  std::vector<std::string> merges{};   ///< "left right", best first
  std::vector<int32_t> token_types{};  ///< 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; or empty
  std::optional<int32_t> bos{}, eos{}, unk{}, pad{}, eot{};
  std::optional<bool> add_bos{}, add_eos{};  ///< absent: the default of `pre` (true for add_bos of "llama-bpe")
};

struct TokenizerData;

/// Text to token ids and back: byte-level BPE (and BPE with byte fallback), with the same ids as the Hugging Face
/// `tokenizers` package. Immutable and cheap to copy; every member may be called from several threads at once.
class Tokenizer {
 public:
  /// Reads Hugging Face's tokenizer.json; `tokenizer_config_json` (may be empty) names the bos, eos, pad and unk
  /// tokens. `where` names the file in messages. The truncation and padding of the file are ignored, as Transformers
  /// does. Throws Error{format} for a malformed file, Error{unsupported} for a component temper doesn't implement.
  static Tokenizer from_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                             std::string_view where);

  /// Throws Error{format} for an inconsistent vocabulary, Error{unsupported} for an unknown `model` or `pre`.
  static Tokenizer from_gguf(const GgufVocab& vocab, std::string_view where);

  /// Nothing is added; special tokens written in the text are recognised. Invalid UTF-8 reads as U+FFFD.
  std::vector<int32_t> encode(std::string_view text) const;

  /// encode() plus what the file's post-processor (or GGUF's add_bos, add_eos) puts around a single sequence.
  std::vector<int32_t> encode_with_special(std::string_view text) const;

  /// Ids outside the vocabulary are skipped; bytes that don't form UTF-8 become U+FFFD. `skip_special` leaves out the
  /// tokens marked special.
  std::string decode(std::span<const int32_t> ids, bool skip_special = false) const;

  /// One more than the largest id.
  int64_t vocab_size() const;
  std::optional<int32_t> id_of(std::string_view token) const;
  /// The token as the vocabulary spells it ("Ġthe"); empty for an id that isn't there.
  std::string_view token(int32_t id) const;
  /// The bytes that the token stands for (" the"), possibly a part of a UTF-8 character; empty for an unknown id.
  std::string bytes_of(int32_t id) const;
  bool is_special(int32_t id) const;

  std::optional<int32_t> bos() const;
  std::optional<int32_t> eos() const;
  std::optional<int32_t> pad() const;
  std::optional<int32_t> unk() const;
  std::optional<int32_t> eot() const;  ///< end of turn; known for GGUF files only

  /// tokenizer.json which Hugging Face loads to the same ids, also for a tokenizer that came from GGUF.
  std::string to_json() const;
  /// tokenizer_config.json: the one given to from_json, or a minimal one, with `chat_template` set when given.
  std::string config_to_json(const std::optional<std::string>& chat_template = std::nullopt) const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const TokenizerData> data);

  std::shared_ptr<const TokenizerData> data_;
};

}  // namespace temper::text
