#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/stored_tensor.h"

namespace temper::io {

/// Types of metadata values; the numbers are the file format's.
enum class GgufType : uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

std::string_view name_of(GgufType type);

/// A GGUF file (version 2 or 3, little-endian), mapped; tensors are views of the map. Format: docs/gguf.md of
/// https://github.com/ggml-org/ggml. Everything is checked when the file is opened: Error{format} for anything
/// malformed, Error{unsupported} for tensor types that temper lacks, Error{not_found, io} from the disk.
class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);
  /// A file in memory; `where` names it in errors, `owner` keeps `bytes` alive (may be null when the caller does).
  GgufFile(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string where);

  uint32_t version() const { return version_; }
  uint32_t alignment() const { return alignment_; }
  const std::string& where() const { return where_; }

  const std::vector<std::string>& keys() const { return keys_; }  ///< of the metadata, in file order
  bool has(std::string_view key) const;
  /// A metadata value, nullopt when absent, Error{format} when it is of another type. T is bool, int64_t (any integer
  /// that fits), double (any float), std::string, or a std::vector of int64_t, float, std::string or bool.
  template <class T>
  std::optional<T> get(std::string_view key) const;
  /// The same; Error{not_found} when absent.
  template <class T>
  T require(std::string_view key) const;

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  ///< shapes outermost first, in file order
  const StoredTensor* find(std::string_view name) const;                 ///< nullptr when absent
  const StoredTensor& at(std::string_view name) const;                   ///< Error{not_found} when absent

 private:
  struct Value {
    GgufType type = GgufType::u8;  // for arrays, of the elements
    bool is_array = false;
    uint64_t count = 1;                // of elements
    std::span<const std::byte> bytes;  // of the value itself, without type and count
  };
  class Reader;

  void parse(std::span<const std::byte> bytes);
  void read_metadata(Reader& reader, uint64_t count);
  std::vector<uint64_t> read_descriptions(Reader& reader, uint64_t count);
  void place_tensors(std::span<const uint64_t> offsets, std::span<const std::byte> bytes, uint64_t data_start);
  void read_alignment();

  std::string where_;
  std::shared_ptr<const void> owner_;  // values are views too
  uint32_t version_ = 0, alignment_ = 32;
  std::vector<std::string> keys_;
  std::unordered_map<std::string, Value> values_;
  std::vector<StoredTensor> tensors_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace temper::io
