#include "adapter/merge.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "device/transfer.h"
#include "io/safetensors.h"
#include "models/text_processor.h"
#include "tensor/half.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kElementsAtOnce = 1 << 20;

/// What Transformers reads beside the weights; copied as they are from a base that is a folder.
constexpr std::string_view kCompanionFiles[] = {"generation_config.json",
                                                "tokenizer.json",
                                                "tokenizer_config.json",
                                                "special_tokens_map.json",
                                                "added_tokens.json",
                                                "tokenizer.model",
                                                "vocab.json",
                                                "merges.txt",
                                                "chat_template.jinja",
                                                "chat_template.json"};

std::string torch_name(DType dtype) {
  return dtype == DType::f32 ? "float32" : dtype == DType::f16 ? "float16" : "bfloat16";
}

/// The folder's own config.json, so that keys temper doesn't know survive; only the type changes.
std::string config_with_dtype(const fs::path& path, DType dtype) {
  OrderedJson config = parse_ordered_json(read_file(path), path.string());
  config.erase("dtype");  // the name since Transformers 4.56; older ones read torch_dtype, newer ones both
  config["torch_dtype"] = torch_name(dtype);
  return config.dump(2) + "\n";
}

void write_companions(const io::Checkpoint& base, const fs::path& folder, DType dtype) {
  if (base.is_gguf()) {
    io::ModelConfig config = base.config();
    config.torch_dtype = torch_name(dtype);
    const text::Tokenizer tokenizer = load_tokenizer(base);
    write_file_atomic(folder / "config.json", io::config_to_json(config));
    write_file_atomic(folder / "generation_config.json", io::generation_config_to_json(base.generation_config()));
    write_file_atomic(folder / "tokenizer.json", tokenizer.to_json());
    write_file_atomic(folder / "tokenizer_config.json", tokenizer.config_to_json(base.chat_template()));
    return;
  }
  write_file_atomic(folder / "config.json", config_with_dtype(base.path() / "config.json", dtype));
  for (const std::string_view name : kCompanionFiles)
    if (const fs::path source = base.path() / name; fs::exists(source))
      write_file_atomic(folder / name, read_file(source));
}

/// Rows [begin, end) of a stored matrix, or elements of a vector.
io::StoredTensor part_of(const io::StoredTensor& tensor, int64_t begin, int64_t end) {
  io::StoredTensor part = tensor;
  const auto rows = static_cast<size_t>(tensor.shape[0]);
  const size_t row_bytes = tensor.bytes.size() / rows;
  part.shape[0] = end - begin;
  part.bytes =
      tensor.bytes.subspan(static_cast<size_t>(begin) * row_bytes, static_cast<size_t>(end - begin) * row_bytes);
  return part;
}

template <class T>
void write_as(std::span<const float> values, const io::ByteSink& write, std::string_view name) {
  std::vector<T> rounded(values.size());
  std::ranges::transform(values, rounded.begin(), [](float value) { return from_f32<T>(value); });
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(to_f32(rounded[i])))
      fail(ErrorCode::numeric, "merge: weight '{}' has the value {}, which {} can't hold; use --dtype {}", name,
           values[i], name_of(dtype_of<T>()), std::isfinite(values[i]) ? "bf16" : "f32 and check the base model");
  write(std::as_bytes(std::span(rounded)));
}

void write_tensor(const io::StoredTensor& tensor, const LoraUpdate* update, DType dtype, const io::ByteSink& write) {
  const int64_t rows = tensor.shape.empty() ? 1 : tensor.shape[0];
  const int64_t columns = rows == 0 ? 0 : tensor.element_count() / rows;
  const int64_t step = std::max<int64_t>(1, kElementsAtOnce / std::max<int64_t>(1, columns));
  std::vector<float> values;
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t end = std::min(rows, row + step);
    values.resize(static_cast<size_t>((end - row) * columns));
    io::to_f32(tensor.shape.empty() ? tensor : part_of(tensor, row, end), values);
    if (update) update->add_to(values, row);
    if (dtype == DType::f32) write_as<float>(values, write, tensor.name);
    if (dtype == DType::f16) write_as<f16_t>(values, write, tensor.name);
    if (dtype == DType::bf16) write_as<bf16_t>(values, write, tensor.name);
  }
}

const LoraUpdate* update_of(std::span<const LoraUpdate> updates, std::string_view tensor_name) {
  for (const LoraUpdate& update : updates)
    if (tensor_name.size() == update.module.size() + 7 && tensor_name.starts_with(update.module) &&
        tensor_name.ends_with(".weight"))
      return &update;
  return nullptr;
}

void refuse_foreign_updates(const io::Checkpoint& base, std::span<const LoraUpdate> updates) {
  for (const LoraUpdate& update : updates) {
    const std::string name = update.module + ".weight";
    if (!base.has(name))
      fail(ErrorCode::invalid_argument, "merge: the base has no weight '{}' for the adapter to change", name);
    const std::vector<int64_t> shape = {update.out_features, update.in_features};
    if (const auto have = base.tensor(name).shape; have != shape)
      fail(ErrorCode::invalid_argument, "merge: weight '{}' is [{}], the adapter is made for [{}]", name,
           fmt::join(have, ","), fmt::join(shape, ","));
  }
}

}  // namespace

void LoraUpdate::add_to(std::span<float> rows, int64_t first_row) const {
  const auto columns = static_cast<size_t>(in_features), r = static_cast<size_t>(rank);
  TEMPER_ASSERT(columns > 0 && rows.size() % columns == 0);
  std::vector<float> delta(columns);
  for (size_t row = 0; row < rows.size() / columns; ++row) {
    std::ranges::fill(delta, 0.0f);
    const float* b_row = b.data() + (static_cast<size_t>(first_row) + row) * r;
    for (size_t k = 0; k < r; ++k) {
      const float* a_row = a.data() + k * columns;
      for (size_t c = 0; c < columns; ++c) delta[c] += b_row[k] * a_row[c];
    }
    for (size_t c = 0; c < columns; ++c) rows[row * columns + c] += scale * delta[c];
  }
}

double LoraUpdate::norm() const {
  // |BA|^2 = trace(B^T B A A^T): two products of [rank, rank] instead of one of [out, in].
  const auto r = static_cast<size_t>(rank), in = static_cast<size_t>(in_features);
  const auto out = static_cast<size_t>(out_features);
  double sum = 0.0;
  for (size_t i = 0; i < r; ++i)
    for (size_t j = 0; j < r; ++j) {
      double btb = 0.0, aat = 0.0;
      for (size_t o = 0; o < out; ++o) btb += double{b[o * r + i]} * b[o * r + j];
      for (size_t c = 0; c < in; ++c) aat += double{a[i * in + c]} * a[j * in + c];
      sum += btb * aat;
    }
  return std::abs(double{scale}) * std::sqrt(std::max(0.0, sum));
}

std::vector<LoraUpdate> lora_updates(Context& ctx, const LoraAdapter& adapter) {
  const std::vector<float> values = read<float>(ctx, adapter.parameters().tensor());
  const auto part = [&](int64_t offset, int64_t elements) {
    return std::vector<float>(values.begin() + offset, values.begin() + offset + elements);
  };
  std::vector<LoraUpdate> updates;
  for (const LoraSlot& slot : adapter.slots())
    updates.push_back({slot.module, slot.rank, slot.in_features, slot.out_features, slot.scale,
                       part(slot.a_offset, slot.a_elements()), part(slot.b_offset, slot.b_elements())});
  return updates;
}

DType merged_dtype(const io::Checkpoint& base) {
  uint64_t bf16 = 0, f16 = 0, f32 = 0, blocks = 0;  // bytes by stored type
  for (const std::string& name : base.names()) {
    const io::StoredTensor tensor = base.tensor(name);
    if (tensor.shape.size() < 2) continue;
    const auto* dtype = std::get_if<DType>(&tensor.type);
    (!dtype ? blocks : *dtype == DType::bf16 ? bf16 : *dtype == DType::f16 ? f16 : f32) += tensor.bytes.size();
  }
  const uint64_t most = std::max({bf16, f16, f32, blocks});
  return most == bf16 || most == f32 ? DType::bf16 : DType::f16;
}

MergeResult write_merged_model(const io::Checkpoint& base, std::span<const LoraUpdate> updates, const fs::path& folder,
                               const MergeOptions& options) {
  refuse_foreign_updates(base, updates);
  MergeResult result{.dtype = options.dtype.value_or(merged_dtype(base))};
  std::vector<io::TensorOutline> outlines;
  for (const std::string& name : base.names()) {
    if (name == "lm_head.weight" && base.config().tie_word_embeddings) continue;
    io::StoredTensor tensor = base.tensor(name);
    result.parameters += tensor.element_count();
    outlines.push_back({name, result.dtype, std::move(tensor.shape)});
  }
  result.tensors = static_cast<int64_t>(outlines.size());
  result.bytes = static_cast<uint64_t>(result.parameters) * size_of(result.dtype);
  std::error_code unknown;
  if (const auto space = fs::space(folder, unknown); !unknown && space.available < result.bytes)
    fail(ErrorCode::io, "{}: {} MB of weights don't fit: the disk has {} MB left", folder.string(),
         result.bytes / 1000000, space.available / 1000000);

  write_companions(base, folder, result.dtype);
  result.files = io::stream_safetensors_set(
      folder, outlines,
      [&](size_t index, const io::ByteSink& write) {
        const std::string& name = outlines[index].name;
        write_tensor(base.tensor(name), update_of(updates, name), result.dtype, write);
      },
      options.max_shard_bytes);
  return result;
}

}  // namespace temper
