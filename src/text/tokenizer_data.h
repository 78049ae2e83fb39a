#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/decoder.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer_spec.h"

namespace temper::text {

/// Tokens that have a role, as tokenizer_config.json or GGUF metadata name them.
struct TokenRoles {
  std::optional<int32_t> bos, eos, unk, pad, eot;
};

/// What a Tokenizer shares between its copies: the description and everything compiled from it. Immutable.
struct TokenizerData {
  /// Compiles `spec`. Throws Error{format, unsupported}.
  TokenizerData(TokenizerSpec spec, TokenRoles roles, std::string config, std::string_view where);
  TokenizerData(const TokenizerData&) = delete;
  TokenizerData& operator=(const TokenizerData&) = delete;

  const TokenizerSpec spec;
  const TokenRoles roles;
  const std::string config;   ///< tokenizer_config.json as given, or empty
  TokenMap ids;               ///< keys point into spec.tokens
  std::vector<bool> special;  ///< by id
  /// Added tokens that are matched in normalized text decode to their normalized content (tokenizers 0.23); only those
  /// whose content normalization changes are here. Hugging Face doesn't count them among the special ones to skip.
  std::unordered_map<int32_t, std::string> normalized_contents;
  AddedTokenMatcher raw_matcher, normalized_matcher;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  Decoder decoder;

  /// What decoding sees of an id, nullopt when nothing.
  std::optional<std::string_view> decoder_token(int32_t id, bool skip_special) const;
};

}  // namespace temper::text
