#pragma once

#include <string>
#include <string_view>

namespace temper::cli {

/// Text that is safe to show: invalid UTF-8 becomes U+FFFD, control characters other than newline and tab become
/// their pictures (U+2400...), so that data can't steer the terminal.
std::string printable_text(std::string_view bytes);

}  // namespace temper::cli
