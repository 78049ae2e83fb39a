#include <algorithm>
#include <numeric>
#include <utility>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "io/extent.h"
#include "io/safetensors.h"
#include "io/safetensors_dtypes.h"

namespace temper::io {
namespace {

/// Throws Error{shape_mismatch} for a shape whose bytes can't be counted.
size_t outline_bytes(const TensorOutline& tensor, const std::filesystem::path& path) {
  const auto elements = checked_product(tensor.shape);
  size_t bytes = 0;
  if (!elements || __builtin_mul_overflow(static_cast<size_t>(*elements), size_of(tensor.dtype), &bytes))
    fail(ErrorCode::shape_mismatch, "{}: tensor '{}': shape [{}] has no size", path.string(), tensor.name,
         fmt::join(tensor.shape, ", "));
  return bytes;
}

/// Falling element size, so that every tensor is aligned to its own.
std::vector<size_t> file_order(std::span<const TensorOutline> tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t a, size_t b) {
    return std::pair(size_of(tensors[b].dtype), std::string_view(tensors[a].name)) <
           std::pair(size_of(tensors[a].dtype), std::string_view(tensors[b].name));
  });
  return order;
}

std::string header_text(const std::filesystem::path& path, std::span<const TensorOutline> tensors,
                        std::span<const size_t> order, const std::map<std::string, std::string>& metadata) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const size_t index : order) {
    const TensorOutline& tensor = tensors[index];
    if (tensor.name.empty() || tensor.name == "__metadata__" || header.contains(tensor.name))
      fail(ErrorCode::invalid_argument, "{}: tensor name '{}' is empty, reserved or used twice", path.string(),
           tensor.name);
    const size_t end = offset + outline_bytes(tensor, path);
    header[tensor.name] = {
        {"dtype", safetensors_name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  try {
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const OrderedJson::exception&) {
    fail(ErrorCode::invalid_argument, "{}: a tensor name or metadata text is not UTF-8", path.string());
  }
}

}  // namespace

void stream_safetensors(const std::filesystem::path& path, std::span<const TensorOutline> tensors,
                        const TensorProducer& produce, const std::map<std::string, std::string>& metadata) {
  const std::vector<size_t> order = file_order(tensors);
  const std::string header = header_text(path, tensors, order, metadata);
  const uint64_t header_bytes = header.size();

  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(header);
  for (const size_t index : order) {
    size_t written = 0;
    produce(index, [&](std::span<const std::byte> bytes) {
      file.write(bytes);
      written += bytes.size();
    });
    const TensorOutline& tensor = tensors[index];
    if (written != outline_bytes(tensor, path))
      fail(ErrorCode::shape_mismatch, "{}: tensor '{}': {} bytes don't make shape [{}] of {}", path.string(),
           tensor.name, written, fmt::join(tensor.shape, ", "), name_of(tensor.dtype));
  }
  file.commit();
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorOutline> outlines;
  for (const TensorToWrite& tensor : tensors) outlines.push_back({tensor.name, tensor.dtype, tensor.shape});
  stream_safetensors(
      path, outlines, [&](size_t index, const ByteSink& write) { write(tensors[index].bytes); }, metadata);
}

size_t stream_safetensors_set(const std::filesystem::path& folder, std::span<const TensorOutline> tensors,
                              const TensorProducer& produce, size_t max_shard_bytes) {
  std::vector<std::pair<size_t, size_t>> shards;  // first tensor, number of tensors
  size_t total = 0, shard_bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const size_t bytes = outline_bytes(tensors[i], folder);
    total += bytes;
    if (shards.empty() || shard_bytes + bytes > max_shard_bytes) {
      shards.emplace_back(i, 0);
      shard_bytes = 0;
    }
    shard_bytes += bytes;
    ++shards.back().second;
  }
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};  // Transformers refuses a file without it
  if (shards.size() <= 1) {
    stream_safetensors(folder / "model.safetensors", tensors, produce, metadata);
    return 1;
  }
  OrderedJson weight_map = OrderedJson::object();
  for (size_t s = 0; s < shards.size(); ++s) {
    const auto [first, count] = shards[s];
    const std::string name = fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    stream_safetensors(
        folder / name, tensors.subspan(first, count),
        [&](size_t index, const ByteSink& write) { produce(first + index, write); }, metadata);
    for (const TensorOutline& tensor : tensors.subspan(first, count)) weight_map[tensor.name] = name;
  }
  const OrderedJson index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(weight_map)}};
  write_file_atomic(folder / "model.safetensors.index.json", index.dump(2) + "\n");
  return shards.size();
}

}  // namespace temper::io
