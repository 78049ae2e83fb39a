// Element types of matrices and vectors, and access to them as floats.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace metalhost::mps {

// MPSDataType: the low 16 bits are the size in bits.
enum class DataType : uint32_t {
  invalid = 0,
  u8 = 8,
  u16 = 16,
  u32 = 32,
  i8 = 0x20000000u | 8,
  i16 = 0x20000000u | 16,
  i32 = 0x20000000u | 32,
  f16 = 0x10000000u | 16,
  f32 = 0x10000000u | 32,
  bf16 = 0x90000000u | 16,
};

constexpr uint64_t element_bytes(DataType type) {
  return (static_cast<uint32_t>(type) & 0xffffu) / 8;
}
constexpr bool is_float(DataType type) {
  return type == DataType::f32 || type == DataType::f16;
}
std::string name_of(DataType type);

// f16 to float in integer arithmetic, which compilers vectorise: without F16C a cast of _Float16 is a call.
inline float half_to_float(uint16_t half) {
  uint32_t magnitude = (half & 0x7fffu) << 13;
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if (magnitude >= 0x7c00u << 13) bits = magnitude | 0x7f800000u;  // infinity, NaN
  return std::bit_cast<float>(bits | (half & 0x8000u) << 16);
}

// Elements of one type in rows, as a GPU thread sees them.
struct Elements {
  std::byte* base = nullptr;
  uint64_t row_bytes = 0;
  DataType type = DataType::f32;

  std::byte* at(uint64_t row, uint64_t column) const { return base + row * row_bytes + column * element_bytes(type); }

  float load(uint64_t row, uint64_t column) const {
    const std::byte* p = at(row, column);
    switch (type) {
      case DataType::f16:
        return half_to_float(read<uint16_t>(p));
      case DataType::i8:
        return static_cast<float>(read<int8_t>(p));
      case DataType::i16:
        return static_cast<float>(read<int16_t>(p));
      default:
        return read<float>(p);
    }
  }
  uint32_t load_index(uint64_t row, uint64_t column) const { return read<uint32_t>(at(row, column)); }

  void store(uint64_t row, uint64_t column, float value) const {
    if (type == DataType::f16) {
      write(at(row, column), static_cast<_Float16>(value));
    } else {
      write(at(row, column), value);
    }
  }
  void store_index(uint64_t row, uint64_t column, uint32_t value) const { write(at(row, column), value); }

 private:
  template <class T>
  static T read(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  template <class T>
  static void write(std::byte* to, T value) {
    std::memcpy(to, &value, sizeof(T));
  }
};

}  // namespace metalhost::mps
