#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace temper {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// Parses JSON that a user or a download supplied. Throws Error{format} `where: line L, column C: ...` on malformed
/// text, invalid UTF-8, or nesting deeper than `max_depth` (hostile files would otherwise exhaust the stack).
Json parse_json(std::string_view text, std::string_view where, int max_depth = 128);
OrderedJson parse_ordered_json(std::string_view text, std::string_view where, int max_depth = 128);

}  // namespace temper
