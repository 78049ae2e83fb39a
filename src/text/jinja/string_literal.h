#pragma once

#include <string>
#include <string_view>

namespace temper::text::jinja {

/// The value of a string literal's body, with Python's escapes: \n, \', \x41, \u0041, \101 ... An unknown escape keeps
/// its backslash. Throws Fault with `line` for truncated escapes, surrogates and \N{names}.
std::string unescape_literal(std::string_view body, int line);

}  // namespace temper::text::jinja
