#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/text_processor.h"

namespace temper::cli {

/// How the text of a prompt becomes tokens.
struct PromptStyle {
  bool raw = false;         ///< the text as it is, whether or not the model has a chat template
  std::string system = {};  ///< of the conversation; needs a template
};

/// One turn of the model's chat template, or the text itself where there is none. Throws Error{usage} for a system
/// message without a template.
std::vector<int32_t> prompt_ids(const TextProcessor& processor, const PromptStyle& style, const std::string& prompt);

/// The rows of a batch, JSON lines with `messages`, `prompt` or `ids`. Throws Error{data} `path:line: ...` for whatever
/// is wrong with a row.
std::vector<std::vector<int32_t>> parse_batch(const TextProcessor& processor, const PromptStyle& style,
                                              std::string_view text, std::string_view path);

}  // namespace temper::cli
