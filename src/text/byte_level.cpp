#include "text/byte_level.h"

#include <array>

#include "text/unicode.h"

namespace temper::text {
namespace {

constexpr int kOthers = 68;  // bytes without a visible Latin-1 character: U+0100 ... U+0143 stand for them

struct Alphabet {
  std::array<char32_t, 256> of_byte{};
  std::array<int16_t, 256 + kOthers> byte_of{};

  constexpr Alphabet() {
    for (int16_t& byte : byte_of) byte = -1;
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte) {
      const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const char32_t c = visible ? static_cast<char32_t>(byte) : next++;
      of_byte[static_cast<size_t>(byte)] = c;
      byte_of[c] = static_cast<int16_t>(byte);
    }
  }
};

constexpr Alphabet kAlphabet;

}  // namespace

char32_t byte_level_char(uint8_t byte) {
  return kAlphabet.of_byte[byte];
}

std::string to_byte_level(std::string_view bytes) {
  std::string mapped;
  mapped.reserve(bytes.size() * 2);
  for (const char byte : bytes) append_utf8(mapped, byte_level_char(static_cast<uint8_t>(byte)));
  return mapped;
}

std::optional<std::string> from_byte_level(std::string_view token) {
  std::string bytes;
  bytes.reserve(token.size());
  for (size_t at = 0; at < token.size();) {
    const CodePoint c = code_point_at(token, at);
    if (c.value >= kAlphabet.byte_of.size() || kAlphabet.byte_of[c.value] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kAlphabet.byte_of[c.value]));
    at += c.bytes;
  }
  return bytes;
}

}  // namespace temper::text
