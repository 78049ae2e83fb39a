#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer_spec.h"

namespace temper::text {

/// What a `tokenizer.ggml.pre` name implies: the components of the tokenizer.json that the model was published with.
struct GgufPreTokenizer {
  std::vector<NormalizerStep> normalizer{};
  std::vector<PreTokenizerStep> steps{};
  bool ignore_merges = false;  ///< a word that is a token is that token
  bool add_bos = false;        ///< unless the file says otherwise
};

/// Throws Error{unsupported} for a name that isn't known, with those that are.
GgufPreTokenizer gguf_pre_tokenizer(std::string_view name, std::string_view where);

std::vector<std::string> known_gguf_pre_tokenizers();

}  // namespace temper::text
