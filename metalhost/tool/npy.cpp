#include "tool/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace metalhost::tool {
namespace {

struct Row {
  ElementType type;
  std::string_view name, descriptor;  // ours, and NumPy's without byte order
  std::size_t bytes;
};
constexpr Row kTypes[] = {
    {ElementType::f16, "f16", "f2", 2}, {ElementType::f32, "f32", "f4", 4},     {ElementType::i8, "i8", "i1", 1},
    {ElementType::i16, "i16", "i2", 2}, {ElementType::i32, "i32", "i4", 4},     {ElementType::i64, "i64", "i8", 8},
    {ElementType::u8, "u8", "u1", 1},   {ElementType::u16, "u16", "u2", 2},     {ElementType::u32, "u32", "u4", 4},
    {ElementType::u64, "u64", "u8", 8}, {ElementType::boolean, "bool", "b1", 1}};

const Row& row_of(ElementType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Row& row) { return row.type == type; });
}

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxDimensions = 64;  // NumPy's

template <class... Values>
[[noreturn]] void fail(const std::string& name, fmt::format_string<Values...> text, Values&&... values) {
  throw NpyError(name + ": " + fmt::format(text, std::forward<Values>(values)...));
}

// The header: a Python dictionary of three entries.
class Header {
 public:
  Header(std::string_view text, const std::string& name) : text_(text), name_(name) { parse(); }

  std::string descriptor;
  bool fortran_order = false;
  std::vector<uint64_t> shape;

 private:
  void parse() {
    expect('{');
    bool has_descriptor = false, has_order = false, has_shape = false;
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !std::exchange(has_descriptor, true)) {
        skip_spaces();
        if (!text_.empty() && text_[0] == '[') fail(name_, "has records; save each field as an array of its own");
        descriptor = quoted();
      } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
        fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(has_shape, true)) {
        tuple();
      } else {
        fail(name_, "the header has an entry '{}' too many", printable(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!text_.empty()) fail(name_, "there is text behind the header's dictionary");
    if (!has_descriptor || !has_order || !has_shape) fail(name_, "the header lacks descr, fortran_order or shape");
  }

  static std::string printable(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 40)) out += c >= ' ' && c < 127 ? c : '?';
    return out;
  }
  void skip_spaces() {
    const std::size_t first = std::min(text_.find_first_not_of(" \t\n\r"), text_.size());
    text_.remove_prefix(first);
  }
  bool accept(char c) {
    skip_spaces();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(name_, "the header is damaged: '{}' is expected before '{}'", c, printable(text_));
  }
  std::string quoted() {
    skip_spaces();
    const char quote = text_.empty() ? '\0' : text_[0];
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, 1) : text_.npos;
    if (end == text_.npos) fail(name_, "the header is damaged: a string is expected before '{}'", printable(text_));
    std::string out(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return out;
  }
  bool boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    fail(name_, "the header is damaged: True or False is expected before '{}'", printable(text_));
  }
  void tuple() {
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      uint64_t extent = 0;
      std::size_t digits = 0;
      for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
        if (extent > UINT64_MAX / 16) fail(name_, "an extent of the shape has too many digits");
        extent = extent * 10 + static_cast<uint64_t>(text_[digits] - '0');
      }
      if (digits == 0) fail(name_, "the header is damaged: a number is expected before '{}'", printable(text_));
      text_.remove_prefix(digits);
      shape.push_back(extent);
      if (shape.size() > kMaxDimensions) fail(name_, "has more than {} dimensions", kMaxDimensions);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  const std::string& name_;
};

ElementType type_of(const std::string& descriptor, const std::string& name) {
  const std::string_view kind = descriptor.empty() ? std::string_view() : std::string_view(descriptor).substr(1);
  const char order = descriptor.empty() ? '\0' : descriptor[0];
  if (kind == "f8") fail(name, "holds f64, and Metal has no double: save it .astype(numpy.float32)");
  for (const Row& row : kTypes) {
    if (row.descriptor != kind) continue;
    if (order == '>') fail(name, "is big-endian: save it .astype('<{}')", kind);
    if (order == '<' || (order == '|' && row.bytes == 1)) return row.type;
  }
  fail(name, "holds elements of type '{}'; f16, f32, u8 to u64, i8 to i64 and bool are read (bf16 as u16)",
       descriptor.substr(0, 40));
}

uint64_t little_endian(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[i]);
  return value;
}

}  // namespace

std::string_view name_of(ElementType type) {
  return row_of(type).name;
}

std::size_t bytes_of(ElementType type) {
  return row_of(type).bytes;
}

ElementType element_type(std::string_view name) {
  if (name == "bf16") return ElementType::u16;
  for (const Row& row : kTypes) {
    if (row.name == name) return row.type;
  }
  throw NpyError(
      fmt::format("there is no type '{}': f16 bf16 f32 i8 i16 i32 i64 u8 u16 u32 u64 bool", name.substr(0, 40)));
}

std::string Array::description() const {
  return fmt::format("{} [{}]", name_of(type), fmt::join(shape, ", "));
}

uint64_t element_count(std::span<const uint64_t> shape) {
  constexpr uint64_t kLimit = uint64_t{1} << 48;
  uint64_t count = 1;
  for (uint64_t extent : shape) {
    if (extent == 0) return 0;
    if (extent > kLimit / count) throw NpyError(fmt::format("[{}] has too many elements", fmt::join(shape, ", ")));
    count *= extent;
  }
  return count;
}

Array read_npy(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < 10 || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
    fail(name, "is not a .npy file: it doesn't begin with \\x93NUMPY");
  const int major = std::to_integer<int>(file[6]), minor = std::to_integer<int>(file[7]);
  if (major < 1 || major > 3 || minor != 0) fail(name, ".npy version {}.{}; 1.0, 2.0 and 3.0 are read", major, minor);
  const std::size_t length_bytes = major == 1 ? 2 : 4, start = 8 + length_bytes;
  if (file.size() < start) fail(name, "ends inside its header");
  const uint64_t length = little_endian(file.subspan(8, length_bytes));
  if (length > file.size() - start) {
    fail(name, "the header's {} bytes lie past the end of the file ({} bytes); the download is incomplete?", length,
         file.size());
  }
  const Header header({reinterpret_cast<const char*>(file.data()) + start, length}, name);
  Array array{type_of(header.descriptor, name), header.shape, {}};
  if (header.fortran_order && std::count_if(array.shape.begin(), array.shape.end(), [](auto e) { return e > 1; }) > 1)
    fail(name, "is in Fortran order: save numpy.ascontiguousarray(a)");
  uint64_t count = 0;
  try {
    count = element_count(array.shape);
  } catch (const NpyError& error) {
    fail(name, "{}", error.what());
  }
  const std::span<const std::byte> data = file.subspan(start + length);
  const uint64_t wanted = count * bytes_of(array.type);
  if (data.size() != wanted) {
    fail(name, "{} needs {} bytes of data; {} are there{}", array.description(), wanted, data.size(),
         data.size() < wanted ? "; the download is incomplete?" : "");
  }
  if (array.type == ElementType::boolean &&
      std::any_of(data.begin(), data.end(), [](std::byte b) { return std::to_integer<int>(b) > 1; }))
    fail(name, "has bool elements that are neither 0 nor 1");
  array.bytes.assign(data.begin(), data.end());
  return array;
}

Array load_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw NpyError(fmt::format("{}: {}", path, std::strerror(errno)));
  const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
  return read_npy(std::as_bytes(std::span(content)), path);
}

std::vector<std::byte> write_npy(const Array& array) {
  const Row& row = row_of(array.type);
  std::string header =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}", row.bytes == 1 ? '|' : '<',
                  row.descriptor, fmt::join(array.shape, ", "), array.shape.size() == 1 ? "," : "");
  constexpr std::size_t kAlignment = 64, kStart = 10;
  header.append(kAlignment - (kStart + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  std::vector<std::byte> out;
  auto append = [&](std::span<const std::byte> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); };
  append(std::as_bytes(std::span(kMagic)));
  for (std::size_t value : {std::size_t{1}, std::size_t{0}, header.size() & 255, header.size() >> 8})
    out.push_back(static_cast<std::byte>(value));
  append(std::as_bytes(std::span(header)));
  append(array.bytes);
  return out;
}

void save_npy(const std::string& path, const Array& array) {
  const std::vector<std::byte> content = write_npy(array);
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  bool good = file && std::fwrite(content.data(), 1, content.size(), file) == content.size();
  good = good && std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  const int cause = errno;
  if (file) std::fclose(file);
  std::error_code error(good ? 0 : cause, std::generic_category());
  if (good) std::filesystem::rename(temporary, path, error);
  if (!error) return;
  std::remove(temporary.c_str());
  throw NpyError(fmt::format("{}: {}", path, error.message()));
}

}  // namespace metalhost::tool
