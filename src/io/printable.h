#pragma once

#include <string>
#include <string_view>

namespace temper::io {

/// Text from a file as it may stand in an error message: long text is cut, and what could confuse a terminal (control
/// characters, bytes that aren't ASCII) becomes '?'.
inline std::string printable(std::string_view text) {
  constexpr size_t max_shown = 120;
  std::string shown(text.substr(0, max_shown));
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > max_shown ? shown + "..." : shown;
}

}  // namespace temper::io
