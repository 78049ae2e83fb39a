#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Builds tiny GGUF and safetensors files byte by byte, so that tests can break any single field of a valid file.
namespace temper::test {

template <class T>
std::string le(T value) {  // little-endian bytes
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string gguf_string(std::string_view text);

std::string kv_u32(std::string_view key, uint32_t value);
std::string kv_f32(std::string_view key, float value);
std::string kv_bool(std::string_view key, uint8_t value);
std::string kv_string(std::string_view key, std::string_view value);
std::string kv_strings(std::string_view key, const std::vector<std::string>& values);
/// Any type id and payload: `kv_raw("k", 9, le(4u) + le(uint64_t{1}) + ...)`.
std::string kv_raw(std::string_view key, uint32_t type, std::string_view payload);

struct GgufTensorParts {
  std::string name;
  std::vector<uint64_t> ne;  ///< innermost first, as stored
  uint32_t type = 0;
  std::string bytes;
  std::optional<uint64_t> offset = {};  ///< default: packed behind the tensor before, aligned
};

/// A GGUF file in parts; the defaults make it valid.
struct GgufParts {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> tensor_count = {}, metadata_count = {};
  std::vector<std::string> metadata;  ///< each a kv_...()
  std::vector<GgufTensorParts> tensors;
  uint64_t alignment = 32;

  std::string build() const;
  /// The metadata entry with this key, or the tensor with this name, to be changed.
  std::string& entry(std::string_view key);
  GgufTensorParts& tensor(std::string_view name);
};

constexpr int64_t kTinyVocab = 6, kTinyHidden = 32, kTinyHeads = 2, kTinyKvHeads = 1, kTinyHeadDim = 16;

/// A complete llama model of one layer with a gpt2 vocabulary: q in Q8_0 blocks, the rest f32.
GgufParts tiny_llama_gguf();

/// A safetensors file from a header text (its length in front) and data.
std::string safetensors_bytes(std::string_view header, std::string_view data);

/// config.json of the same tiny model.
std::string tiny_llama_config();

/// Writes a complete model folder (config.json, tokenizer.json, model.safetensors) and returns its path.
void write_tiny_folder(const std::filesystem::path& folder);

void write_text(const std::filesystem::path& path, std::string_view text);

/// A fresh folder under the system's temporary folder, removed with everything in it by the destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace temper::test
