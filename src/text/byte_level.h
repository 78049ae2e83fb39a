#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace temper::text {

/// The printable character that stands for a byte in GPT-2's vocabulary and its descendants: visible Latin-1
/// characters stand for themselves, the other 68 bytes are U+0100 and following in order ("Ġ" is the space).
char32_t byte_level_char(uint8_t byte);

/// Every byte as its character, in UTF-8.
std::string to_byte_level(std::string_view bytes);

/// The bytes that a token spells; nullopt when one of its characters stands for no byte.
std::optional<std::string> from_byte_level(std::string_view token);

}  // namespace temper::text
