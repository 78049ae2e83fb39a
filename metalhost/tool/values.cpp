#include "tool/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

namespace metalhost::tool {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t at; (at = text.find(separator, start)) != std::string::npos; start = at + 1) {
    parts.push_back(text.substr(start, at - start));
  }
  parts.push_back(text.substr(start));
  return parts;
}

uint64_t unsigned_number(const std::string& text, const std::string& where) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw UsageError(fmt::format("{}: '{}' is not a number", where, text));
  return value;
}

template <class T>
T number(const std::string& text, ElementType type) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw UsageError(fmt::format("'{}' is not a value of {}", text, name_of(type)));
  return value;
}

template <class T>
void append(std::vector<std::byte>& out, T value) {
  const auto* first = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), first, first + sizeof value);
}

void append_value(std::vector<std::byte>& out, const std::string& text, ElementType type, bool is_bfloat) {
  switch (type) {
    case ElementType::f16:
      return append(out, static_cast<_Float16>(number<float>(text, type)));
    case ElementType::f32:
      return append(out, number<float>(text, type));
    case ElementType::i8:
      return append(out, number<int8_t>(text, type));
    case ElementType::i16:
      return append(out, number<int16_t>(text, type));
    case ElementType::i32:
      return append(out, number<int32_t>(text, type));
    case ElementType::i64:
      return append(out, number<int64_t>(text, type));
    case ElementType::u8:
      return append(out, number<uint8_t>(text, type));
    case ElementType::u16:
      if (is_bfloat) {
        uint32_t bits;
        const float value = number<float>(text, ElementType::f32);
        std::memcpy(&bits, &value, sizeof bits);
        const uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1);  // to nearest, ties to even
        return append(out, static_cast<uint16_t>(std::isnan(value) ? bits >> 16 | 0x40 : rounded >> 16));
      }
      return append(out, number<uint16_t>(text, type));
    case ElementType::u32:
      return append(out, number<uint32_t>(text, type));
    case ElementType::u64:
      return append(out, number<uint64_t>(text, type));
    case ElementType::boolean:
      if (text == "true" || text == "1") return append(out, uint8_t{1});
      if (text == "false" || text == "0") return append(out, uint8_t{0});
      throw UsageError(fmt::format("'{}' is not a value of bool: true or false", text));
  }
}

std::vector<uint64_t> shape_of(const std::string& text, const std::string& where) {
  std::vector<uint64_t> shape;
  for (const std::string& extent : split(text, ',')) shape.push_back(unsigned_number(extent, where));
  return shape;
}

}  // namespace

std::pair<uint64_t, std::string> indexed(const std::string& text, const std::string& option) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size())
    throw UsageError(fmt::format("{} {}: write it as INDEX=..., as in {} 0={}", option, text, option, text));
  const uint64_t index = unsigned_number(text.substr(0, equals), option);
  if (index > 30) throw UsageError(fmt::format("{} {}: Metal has indices 0 to 30", option, text));
  return {index, text.substr(equals + 1)};
}

std::array<uint64_t, 3> extent(const std::string& text, const std::string& option) {
  const std::vector<uint64_t> parts = shape_of(text, option);
  std::array<uint64_t, 3> out = {1, 1, 1};
  if (parts.size() > out.size()) throw UsageError(fmt::format("{} {}: at most X,Y,Z", option, text));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == 0 || parts[i] > UINT32_MAX) throw UsageError(fmt::format("{} {}: 1 to 2^32 - 1", option, text));
    out[i] = parts[i];
  }
  return out;
}

Array buffer_value(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const std::string& kind = parts[0];
  const std::size_t count = kind == "fill" ? 4 : 3;
  if (kind != "zeros" && kind != "fill" && kind != "scalar") return load_npy(text);
  if (parts.size() != count)
    throw UsageError(fmt::format("'{}': write zeros:TYPE:SHAPE, fill:TYPE:SHAPE:VALUE or scalar:TYPE:VALUES", text));
  Array array;
  const bool is_bfloat = parts[1] == "bf16";
  array.type = element_type(parts[1]);
  if (kind == "scalar") {
    for (const std::string& value : split(parts[2], ',')) append_value(array.bytes, value, array.type, is_bfloat);
    array.shape = {array.bytes.size() / bytes_of(array.type)};
    return array;
  }
  array.shape = shape_of(parts[2], text);
  const uint64_t bytes = element_count(array.shape) * bytes_of(array.type);
  if (bytes > uint64_t{1} << 32) throw UsageError(fmt::format("'{}': larger than 4 GiB", text));
  std::vector<std::byte> element;
  append_value(element, kind == "fill" ? parts[3] : "0", array.type, is_bfloat);
  array.bytes.reserve(bytes);
  while (array.bytes.size() < bytes) array.bytes.insert(array.bytes.end(), element.begin(), element.end());
  return array;
}

ConstantValue constant_value(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 2) throw UsageError(fmt::format("'{}': write TYPE:VALUE, as in u32:5", text));
  const ElementType type = element_type(parts[0]);
  if (parts[0] == "bf16") throw UsageError(fmt::format("'{}': Metal has no function constants of bfloat", text));
  static constexpr std::pair<ElementType, uint64_t> kDataTypes[] = {
      {ElementType::f32, 3},  {ElementType::f16, 16}, {ElementType::i32, 29},    {ElementType::u32, 33},
      {ElementType::i16, 37}, {ElementType::u16, 41}, {ElementType::i8, 45},     {ElementType::u8, 49},
      {ElementType::i64, 81}, {ElementType::u64, 85}, {ElementType::boolean, 53}};
  ConstantValue value{0, {}};
  for (const auto& [of, data_type] : kDataTypes) {
    if (of == type) value.data_type = data_type;
  }
  const std::vector<std::string> lanes = split(parts[1], ',');
  if (lanes.size() > 4) throw UsageError(fmt::format("'{}': a vector has at most 4 elements", text));
  for (const std::string& lane : lanes) append_value(value.bytes, lane, type, false);
  if (lanes.size() == 3) value.bytes.resize(4 * bytes_of(type));  // as Metal stores them
  value.data_type += lanes.size() - 1;
  return value;
}

}  // namespace metalhost::tool
