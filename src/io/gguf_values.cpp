#include <cstring>
#include <type_traits>

#include "base/fail.h"
#include "io/gguf.h"

// Typed look-ups in a GGUF file's metadata, which GgufFile has already checked to lie inside of the file.
namespace temper::io {
namespace {

template <class T>
T load_as(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// One conversion for each element type a caller may ask for; nullopt when the file's type is another or doesn't fit.
std::optional<int64_t> to_integer(GgufType type, const std::byte* bytes) {
  switch (type) {
    case GgufType::u8:
      return load_as<uint8_t>(bytes);
    case GgufType::i8:
      return load_as<int8_t>(bytes);
    case GgufType::u16:
      return load_as<uint16_t>(bytes);
    case GgufType::i16:
      return load_as<int16_t>(bytes);
    case GgufType::u32:
      return load_as<uint32_t>(bytes);
    case GgufType::i32:
      return load_as<int32_t>(bytes);
    case GgufType::i64:
      return load_as<int64_t>(bytes);
    case GgufType::u64: {
      const auto value = load_as<uint64_t>(bytes);
      if (value <= INT64_MAX) return static_cast<int64_t>(value);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> to_real(GgufType type, const std::byte* bytes) {
  if (type == GgufType::f32) return load_as<float>(bytes);
  if (type == GgufType::f64) return load_as<double>(bytes);
  return std::nullopt;
}

std::optional<bool> to_bool(GgufType type, const std::byte* bytes) {
  if (type != GgufType::boolean) return std::nullopt;
  return load_as<uint8_t>(bytes) != 0;
}

template <class T>
std::optional<T> convert(GgufType type, const std::byte* bytes) {
  if constexpr (std::is_same_v<T, bool>) {
    return to_bool(type, bytes);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return to_integer(type, bytes);
  } else {
    const auto real = to_real(type, bytes);
    if (!real) return std::nullopt;
    return static_cast<T>(*real);
  }
}

template <class T>
struct Wanted {
  using Element = T;
  static constexpr bool is_vector = false;
};
template <class T>
struct Wanted<std::vector<T>> {
  using Element = T;
  static constexpr bool is_vector = true;
};

template <class T>
constexpr std::string_view wanted_name() {
  using Element = typename Wanted<T>::Element;
  if (std::is_same_v<Element, bool>) return "bool";
  if (std::is_same_v<Element, int64_t>) return "integer";
  if (std::is_same_v<Element, std::string>) return "string";
  return "float";
}

}  // namespace

std::string_view name_of(GgufType type) {
  constexpr std::string_view names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                        "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<size_t>(type)];
}

bool GgufFile::has(std::string_view key) const {
  return values_.contains(std::string(key));
}

template <class T>
std::optional<T> GgufFile::get(std::string_view key) const {
  using Element = typename Wanted<T>::Element;
  const auto it = values_.find(std::string(key));
  if (it == values_.end()) return std::nullopt;
  const Value& value = it->second;
  const auto refuse = [&] {
    fail(ErrorCode::format, "gguf: {}: metadata '{}' is {}{}, {}{} is expected", where_, key,
         value.is_array ? "an array of " : "", name_of(value.type), Wanted<T>::is_vector ? "an array of " : "",
         wanted_name<Element>());
  };
  if (value.is_array != Wanted<T>::is_vector) refuse();

  std::vector<Element> elements;
  elements.reserve(value.count);
  const std::byte* position = value.bytes.data();
  for (uint64_t i = 0; i < value.count; ++i) {
    if constexpr (std::is_same_v<Element, std::string>) {
      if (value.type != GgufType::string) refuse();
      const auto length = load_as<uint64_t>(position);
      elements.emplace_back(reinterpret_cast<const char*>(position + sizeof length), length);
      position += sizeof length + length;
    } else {
      const std::optional<Element> element = convert<Element>(value.type, position);
      if (!element) refuse();
      elements.push_back(*element);
      position += value.bytes.size() / value.count;
    }
  }
  if constexpr (Wanted<T>::is_vector)
    return elements;
  else
    return elements[0];
}

template <class T>
T GgufFile::require(std::string_view key) const {
  if (std::optional<T> value = get<T>(key)) return std::move(*value);
  fail(ErrorCode::not_found, "gguf: {}: no metadata '{}'", where_, key);
}

template std::optional<bool> GgufFile::get<bool>(std::string_view) const;
template std::optional<int64_t> GgufFile::get<int64_t>(std::string_view) const;
template std::optional<double> GgufFile::get<double>(std::string_view) const;
template std::optional<std::string> GgufFile::get<std::string>(std::string_view) const;
template std::optional<std::vector<bool>> GgufFile::get<std::vector<bool>>(std::string_view) const;
template std::optional<std::vector<int64_t>> GgufFile::get<std::vector<int64_t>>(std::string_view) const;
template std::optional<std::vector<float>> GgufFile::get<std::vector<float>>(std::string_view) const;
template std::optional<std::vector<std::string>> GgufFile::get<std::vector<std::string>>(std::string_view) const;
template bool GgufFile::require<bool>(std::string_view) const;
template int64_t GgufFile::require<int64_t>(std::string_view) const;
template double GgufFile::require<double>(std::string_view) const;
template std::string GgufFile::require<std::string>(std::string_view) const;
template std::vector<bool> GgufFile::require<std::vector<bool>>(std::string_view) const;
template std::vector<int64_t> GgufFile::require<std::vector<int64_t>>(std::string_view) const;
template std::vector<float> GgufFile::require<std::vector<float>>(std::string_view) const;
template std::vector<std::string> GgufFile::require<std::vector<std::string>>(std::string_view) const;

}  // namespace temper::io
