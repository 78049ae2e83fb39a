#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer_data.h"

namespace temper::text {

/// Reads tokenizer.json. Throws Error{format} naming the place in the file, Error{unsupported} naming the component.
TokenizerSpec spec_from_json(std::string_view json, std::string_view where);

/// The roles that tokenizer_config.json names; tokens that aren't in the vocabulary have none.
TokenRoles roles_from_config(std::string_view config_json, const TokenizerSpec& spec, std::string_view where);

std::string spec_to_json(const TokenizerSpec& spec);

}  // namespace temper::text
