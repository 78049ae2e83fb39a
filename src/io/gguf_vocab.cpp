#include "io/gguf_vocab.h"

#include "base/fail.h"
#include "io/gguf.h"

namespace temper::io {

GgufVocab vocab_from_gguf(const GgufFile& file) {
  GgufVocab vocab;
  if (!file.has("tokenizer.ggml.model")) fail(ErrorCode::not_found, "gguf: {}: no vocabulary", file.where());
  vocab.model = file.require<std::string>("tokenizer.ggml.model");
  vocab.pre = file.get<std::string>("tokenizer.ggml.pre").value_or("");
  vocab.tokens = file.require<std::vector<std::string>>("tokenizer.ggml.tokens");
  if (auto merges = file.get<std::vector<std::string>>("tokenizer.ggml.merges")) vocab.merges = std::move(*merges);
  if (auto scores = file.get<std::vector<float>>("tokenizer.ggml.scores")) vocab.scores = std::move(*scores);
  if (vocab.tokens.empty()) fail(ErrorCode::format, "gguf: {}: the vocabulary is empty", file.where());
  if (!vocab.scores.empty() && vocab.scores.size() != vocab.tokens.size())
    fail(ErrorCode::format, "gguf: {}: {} tokens but {} scores", file.where(), vocab.tokens.size(),
         vocab.scores.size());
  if (const auto types = file.get<std::vector<int64_t>>("tokenizer.ggml.token_type")) {
    if (types->size() != vocab.tokens.size())
      fail(ErrorCode::format, "gguf: {}: {} tokens but {} token types", file.where(), vocab.tokens.size(),
           types->size());
    for (const int64_t type : *types) {
      if (type < 0 || type > 6) fail(ErrorCode::format, "gguf: {}: {} is not a token type", file.where(), type);
      vocab.token_types.push_back(static_cast<int32_t>(type));
    }
  }
  const auto id = [&](const char* key) {
    const auto value = file.get<int64_t>(key);
    if (value && (*value < 0 || *value >= static_cast<int64_t>(vocab.tokens.size())))
      fail(ErrorCode::format, "gguf: {}: {} is {}, but there are {} tokens", file.where(), key, *value,
           vocab.tokens.size());
    return value;
  };
  vocab.bos = id("tokenizer.ggml.bos_token_id");
  vocab.eos = id("tokenizer.ggml.eos_token_id");
  vocab.pad = id("tokenizer.ggml.padding_token_id");
  vocab.unk = id("tokenizer.ggml.unknown_token_id");
  vocab.eot = id("tokenizer.ggml.eot_token_id");
  vocab.eom = id("tokenizer.ggml.eom_token_id");
  vocab.add_bos = file.get<bool>("tokenizer.ggml.add_bos_token");
  vocab.add_eos = file.get<bool>("tokenizer.ggml.add_eos_token");
  vocab.add_space_prefix = file.get<bool>("tokenizer.ggml.add_space_prefix");
  return vocab;
}

}  // namespace temper::io
