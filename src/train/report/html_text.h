#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace temper::train {

/// Text made safe for HTML content and quoted attributes. Malformed UTF-8 and control characters that HTML forbids
/// become U+FFFD, so that the page stays valid whatever a model produced.
std::string escape_html(std::string_view text);

/// The first `max_bytes` of UTF-8 text at most, cut between characters.
std::string_view clip_utf8(std::string_view text, size_t max_bytes);

/// One word for a POSIX shell: as it is when harmless, else in single quotes.
std::string shell_word(std::string_view text);

}  // namespace temper::train
