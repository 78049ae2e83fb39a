#include "cli/terminal_text.h"

#include "text/unicode.h"

namespace temper::cli {
namespace {

constexpr char32_t kReplacement = 0xfffd, kControlPictures = 0x2400, kDelete = 0x7f, kPictureOfDelete = 0x2421;

char32_t harmless(char32_t c) {
  if (c == U'\n' || c == U'\t') return c;
  if (c < 0x20) return kControlPictures + c;
  if (c == kDelete) return kPictureOfDelete;
  return c >= 0x80 && c < 0xa0 ? kReplacement : c;  // C1 controls have no pictures
}

}  // namespace

std::string printable_text(std::string_view bytes) {
  std::string storage, result;
  const std::string_view text = text::valid_utf8(bytes, storage);
  for (size_t at = 0; at < text.size();) {
    const text::CodePoint point = text::code_point_at(text, at);
    text::append_utf8(result, harmless(point.value));
    at += point.bytes;
  }
  return result;
}

}  // namespace temper::cli
