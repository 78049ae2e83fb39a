#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What Python's str does, over UTF-8: positions count code points. Bytes that aren't UTF-8 count as one each.
namespace temper::text::jinja {

/// The byte after the code point that begins at `at`.
size_t next_code_point(std::string_view text, size_t at);
/// The code point at `at`; 0xFFFD for bytes that aren't UTF-8.
int32_t decode_at(std::string_view text, size_t at);
std::string encode(int32_t code_point);

int64_t count_code_points(std::string_view text);
/// Byte offset of each code point, and the size as the last; empty when the text is ASCII (offset = index).
std::vector<size_t> code_point_offsets(std::string_view text);
bool is_ascii(std::string_view text);
bool is_valid_utf8(std::string_view text);

/// str.isspace of one code point.
bool is_space(int32_t code_point);
bool is_alpha(int32_t code_point);
bool is_decimal(int32_t code_point);  ///< a decimal digit of any script
bool is_numeric(int32_t code_point);  ///< decimal digits, other digits, fractions, numerals
bool is_word(int32_t code_point);     ///< \w
bool is_cased_upper(int32_t code_point);
bool is_cased_lower(int32_t code_point);
/// Whether repr() shows it as it is.
bool is_printable(int32_t code_point);

enum class Side : uint8_t { left = 1, right = 2, both = 3 };
/// str.strip, lstrip, rstrip with whitespace.
std::string_view strip_space(std::string_view text, Side side);
/// The same with a set of characters.
std::string_view strip_characters(std::string_view text, std::string_view characters, Side side);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);
std::string capitalize(std::string_view text);
std::string swap_case(std::string_view text);

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

/// repr(text): in single quotes unless double ones need fewer escapes.
std::string quote(std::string_view text);
/// repr(number): the shortest digits that read back, "1.0", "1e+16", "nan".
std::string format_real(double number);

/// int(text, base) and float(text); false where Python raises ValueError. Throws Fault past 64 bits.
bool parse_integer(std::string_view text, int base, int64_t& out);
bool parse_real(std::string_view text, double& out);

}  // namespace temper::text::jinja
