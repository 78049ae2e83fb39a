#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"

// Splitting, replacing and case questions shared by str's methods and the filters.
namespace temper::text::jinja {

/// str.split(separator, limit) and rsplit; a negative limit splits everywhere. `separator` isn't empty.
std::vector<std::string_view> split_text(std::string_view text, std::string_view separator, int64_t limit,
                                         bool from_right);
/// str.split(None, limit) and rsplit: at runs of whitespace.
std::vector<std::string_view> split_space(std::string_view text, int64_t limit, bool from_right);
/// str.replace; a negative limit replaces everywhere.
std::string replace_text(Runtime& runtime, std::string_view text, std::string_view from, std::string_view to,
                         int64_t limit);
/// str.isupper or islower: at least one cased character and none of the other case.
bool has_one_case(std::string_view text, bool uppercase);

}  // namespace temper::text::jinja
