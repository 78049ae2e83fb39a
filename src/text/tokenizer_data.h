#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
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
  AddedTokenMatcher raw_matcher, normalized_matcher;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  Bpe bpe;
  Decoder decoder;
};

}  // namespace temper::text
