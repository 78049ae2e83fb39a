#include "adapter/lora_adapter.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "base/file.h"
#include "base/philox.h"
#include "device/transfer.h"
#include "io/safetensors.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "base_model.model.";
constexpr size_t kNamesShown = 8;

std::string tensor_name(const LoraSlot& slot, char factor) {
  return fmt::format("{}{}.lora_{}.weight", kPrefix, slot.module, factor);
}

std::string shown(std::vector<std::string> names) {
  const size_t count = names.size();
  if (count > kNamesShown) names.resize(kNamesShown);
  return fmt::format("{}{}", fmt::join(names, ", "), count > kNamesShown ? ", ..." : "");
}

}  // namespace

LoraAdapter::LoraAdapter(const LanguageModel& model, LoraConfig config, const std::vector<std::string>& modules)
    : config_(std::move(config)), linear_count_(model.linears().size()) {
  for (const LinearLayer& layer : model.linears()) {
    if (std::ranges::find(modules, layer.name) == modules.end()) continue;
    LoraSlot slot{.module = layer.name,
                  .linear_index = layer.index,
                  .rank = config_.rank_of(layer.name),
                  .in_features = layer.weight->columns(),
                  .out_features = layer.weight->rows(),
                  .scale = static_cast<float>(config_.scale_of(layer.name)),
                  .a_offset = parameter_count_,
                  .b_offset = 0};
    slot.b_offset = slot.a_offset + slot.a_elements();
    parameter_count_ = slot.b_offset + slot.b_elements();
    slots_.push_back(std::move(slot));
  }
}

LoraAdapter LoraAdapter::create(Context& ctx, const LanguageModel& model, const LoraConfig& config, uint64_t seed) {
  std::vector<std::string> modules;
  for (const LinearLayer& layer : model.linears()) modules.push_back(layer.name);
  LoraAdapter adapter(model, config, target_modules(config, modules));
  std::vector<float> values(static_cast<size_t>(adapter.parameter_count_), 0.0f);
  for (size_t i = 0; i < adapter.slots_.size(); ++i) {
    const LoraSlot& slot = adapter.slots_[i];
    // Kaiming-uniform with a = sqrt(5): gain sqrt(2 / (1 + 5)), bound gain * sqrt(3 / in) = 1 / sqrt(in).
    const float bound = 1.0f / std::sqrt(static_cast<float>(slot.in_features));
    const RngKey key{seed, 0, static_cast<uint32_t>(i)};
    for (int64_t e = 0; e < slot.a_elements(); ++e)
      values[static_cast<size_t>(slot.a_offset + e)] = bound * (2.0f * key.uniform(static_cast<uint64_t>(e)) - 1.0f);
  }
  adapter.parameters_ = State(ctx, upload(ctx, values, {adapter.parameter_count_}));
  return adapter;
}

LoraAdapter LoraAdapter::load_peft(Context& ctx, const LanguageModel& model, const fs::path& folder,
                                   std::string* summary) {
  const fs::path config_path = folder / "adapter_config.json";
  if (!fs::is_directory(folder))
    fail(ErrorCode::not_found, "adapter {}: no such folder; a PEFT adapter is a folder with adapter_config.json",
         folder.string());
  const LoraConfig config = lora_config_from_json(read_file(config_path), config_path.string());
  const io::SafetensorsFile file(folder / "adapter_model.safetensors");
  LoraAdapter adapter = from_peft(ctx, model, config, file, folder.string());
  if (summary) *summary = fmt::format("matched {0} of {0} tensors", 2 * adapter.slots_.size());
  return adapter;
}

LoraAdapter LoraAdapter::from_peft(Context& ctx, const LanguageModel& model, const LoraConfig& config,
                                   const io::SafetensorsFile& tensors, std::string_view where) {
  std::vector<std::string> modules;
  for (const LinearLayer& layer : model.linears()) modules.push_back(layer.name);
  LoraAdapter adapter(model, config, target_modules(config, modules));
  adapter.take_parameters(ctx, tensors, where);
  return adapter;
}

void LoraAdapter::restore_parameters(Context& ctx, const fs::path& folder) {
  take_parameters(ctx, io::SafetensorsFile(folder / "adapter_model.safetensors"), folder.string());
}

void LoraAdapter::take_parameters(Context& ctx, const io::SafetensorsFile& file, std::string_view where) {
  struct Match {
    const io::StoredTensor* tensor;
    int64_t offset;
  };
  std::vector<Match> matches;
  std::vector<std::string> missing, wrong, used;
  const auto look_up = [&](const LoraSlot& slot, char factor, int64_t rows, int64_t columns, int64_t offset) {
    const std::string name = tensor_name(slot, factor);
    used.push_back(name);
    const io::StoredTensor* tensor = file.find(name);
    const std::vector<int64_t> shape = {rows, columns};
    if (!tensor)
      missing.push_back(name);
    else if (tensor->shape != shape)
      wrong.push_back(
          fmt::format("{} is [{}], [{}] is expected", name, fmt::join(tensor->shape, ","), fmt::join(shape, ",")));
    else
      matches.push_back({tensor, offset});
  };
  for (const LoraSlot& slot : slots_) {
    look_up(slot, 'A', slot.rank, slot.in_features, slot.a_offset);
    look_up(slot, 'B', slot.out_features, slot.rank, slot.b_offset);
  }
  std::vector<std::string> unexpected;
  std::ranges::sort(used);
  for (const io::StoredTensor& tensor : file.tensors())
    if (!std::ranges::binary_search(used, tensor.name)) unexpected.push_back(tensor.name);
  if (!missing.empty() || !wrong.empty() || !unexpected.empty()) {
    std::string text = fmt::format("adapter {}: matched {} of {} tensors", where,
                                   used.size() - missing.size() - wrong.size(), used.size());
    if (!missing.empty()) text += fmt::format("; {} missing: {}", missing.size(), shown(missing));
    if (!wrong.empty()) text += fmt::format("; {} of another shape: {}", wrong.size(), shown(wrong));
    if (!unexpected.empty()) text += fmt::format("; {} unexpected: {}", unexpected.size(), shown(unexpected));
    throw Error(ErrorCode::format, text + "; is it an adapter of another model?");
  }
  // Every shape is the file's by now, so a configuration alone can't ask for memory.
  std::vector<float> values(static_cast<size_t>(parameter_count_));
  for (const Match& match : matches)
    io::to_f32(*match.tensor, std::span(values).subspan(static_cast<size_t>(match.offset),
                                                        static_cast<size_t>(match.tensor->element_count())));
  parameters_ = State(ctx, upload(ctx, values, {parameter_count_}));
}

void LoraAdapter::save_peft(Context& ctx, const fs::path& folder) const {
  const std::vector<float> values = read<float>(ctx, parameters_.tensor());
  const auto bytes = [&](int64_t offset, int64_t elements) {
    return std::as_bytes(std::span(values).subspan(static_cast<size_t>(offset), static_cast<size_t>(elements)));
  };
  std::vector<io::TensorToWrite> tensors;
  for (const LoraSlot& slot : slots_) {
    tensors.push_back(
        {tensor_name(slot, 'A'), DType::f32, {slot.rank, slot.in_features}, bytes(slot.a_offset, slot.a_elements())});
    tensors.push_back(
        {tensor_name(slot, 'B'), DType::f32, {slot.out_features, slot.rank}, bytes(slot.b_offset, slot.b_elements())});
  }
  io::write_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}});
  write_file_atomic(folder / "adapter_config.json", lora_config_to_json(config_));
}

BoundAdapter LoraAdapter::factors() const {
  BoundAdapter bound(linear_count_);
  for (const LoraSlot& slot : slots_)
    bound[static_cast<size_t>(slot.linear_index)] = {
        .a = parameters_.view(slot.a_offset, {slot.rank, slot.in_features}),
        .b = parameters_.view(slot.b_offset, {slot.out_features, slot.rank}),
        .scale = slot.scale,
        .dropout = 0.0f};
  return bound;
}

BoundAdapter LoraAdapter::bind() const {
  return factors();
}

BoundAdapter LoraAdapter::bind(Tape& tape, std::vector<Tensor>* variables) const {
  BoundAdapter bound = factors();
  variables->clear();
  for (const LoraSlot& slot : slots_) {
    LoraFactors& factor = bound[static_cast<size_t>(slot.linear_index)];
    factor.a = tape.leaf(factor.a);
    factor.b = tape.leaf(factor.b);
    factor.dropout = static_cast<float>(config_.dropout);
    variables->push_back(factor.a);
    variables->push_back(factor.b);
  }
  return bound;
}

}  // namespace temper
