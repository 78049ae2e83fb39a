// Arrays in NumPy's .npy files, versions 1 to 3: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace metalhost::tool {

enum class ElementType { f16, f32, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

std::string_view name_of(ElementType type);  // "f32"; "bool"
std::size_t bytes_of(ElementType type);
// The type of that name; bf16 is u16, which has its bits.
ElementType element_type(std::string_view name);

struct Array {
  ElementType type = ElementType::f32;
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;  // C order, little-endian

  std::string description() const;  // "f32 [16, 256]"
};

// The elements of a shape; throws when they are more than memory can hold.
uint64_t element_count(std::span<const uint64_t> shape);

class NpyError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `file` is all that is in the file called `name`. Throws NpyError.
Array read_npy(std::span<const std::byte> file, const std::string& name);
Array load_npy(const std::string& path);

std::vector<std::byte> write_npy(const Array& array);
// Readers see a whole file or none.
void save_npy(const std::string& path, const Array& array);

}  // namespace metalhost::tool
