#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "io/stored_tensor.h"

namespace temper::io {

/// A safetensors file, mapped; tensors are views of the map. Format: https://github.com/huggingface/safetensors.
/// The whole header is checked when the file is opened: Error{format} for anything malformed (lengths, overlaps, holes,
/// duplicates, shapes), Error{unsupported} for element types that temper lacks, Error{not_found, io} from the disk.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// A file in memory; `where` names it in errors, `owner` keeps `bytes` alive (may be null when the caller does).
  SafetensorsFile(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner, std::string where);

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  ///< in the order of their bytes
  const StoredTensor* find(std::string_view name) const;                 ///< nullptr when absent
  const StoredTensor& at(std::string_view name) const;                   ///< Error{not_found} when absent
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  void parse(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner);

  std::string where_;
  std::vector<StoredTensor> tensors_;
  std::unordered_map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
};

/// The weights of a Hugging Face folder: `model.safetensors`, or `model.safetensors.index.json` and its shards. Errors
/// as SafetensorsFile; an index that names a file outside of the folder, a missing shard, a tensor that its shard lacks
/// or a tensor in two shards is refused.
class SafetensorsSet {
 public:
  explicit SafetensorsSet(const std::filesystem::path& folder);

  std::vector<std::string> names() const;                 ///< in file order
  const StoredTensor* find(std::string_view name) const;  ///< nullptr when absent
  const StoredTensor& at(std::string_view name) const;    ///< Error{not_found} when absent
  const std::vector<SafetensorsFile>& files() const { return files_; }

 private:
  std::string where_;
  std::vector<SafetensorsFile> files_;
};

struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;        ///< row-major, outermost first
  std::span<const std::byte> bytes;  ///< must be exactly the shape's size
};

/// Writes a safetensors file atomically. The bytes depend on the arguments only: tensors are laid out by falling
/// element size, then by name, the header is padded to 8 bytes, so every tensor is aligned to its element size.
/// Throws Error{invalid_argument, shape_mismatch} for duplicate names or sizes that don't fit, Error{io}.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {});

/// A tensor of a file to come, before its bytes exist.
struct TensorOutline {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
};

using ByteSink = std::function<void(std::span<const std::byte>)>;
/// Hands the bytes of tensor `index` to the sink, in order, in as many pieces as it likes.
using TensorProducer = std::function<void(size_t index, const ByteSink& write)>;

/// The same file from tensors that are made when their turn comes, so that they need not fit in memory together. Also
/// throws Error{shape_mismatch} when a producer gives another number of bytes than its outline.
void stream_safetensors(const std::filesystem::path& path, std::span<const TensorOutline> tensors,
                        const TensorProducer& produce, const std::map<std::string, std::string>& metadata = {});

/// The weights of a Hugging Face folder: model.safetensors, or, above `max_shard_bytes`, shards of at most that size
/// (a larger tensor has a shard of its own) and model.safetensors.index.json. Returns the number of weight files.
size_t stream_safetensors_set(const std::filesystem::path& folder, std::span<const TensorOutline> tensors,
                              const TensorProducer& produce, size_t max_shard_bytes);

}  // namespace temper::io
