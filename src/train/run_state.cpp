#include "train/run_state.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/fail.h"
#include "base/file.h"
#include "device/transfer.h"
#include "io/safetensors.h"

namespace temper::train {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCheckpointsKept = 3;
constexpr std::string_view kStepPrefix = "step-";

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(kStepPrefix)) return std::nullopt;
  int64_t step = 0;
  const char *begin = name.data() + kStepPrefix.size(), *end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(begin, end, step);
  return error == std::errc() && stop == end ? std::optional(step) : std::nullopt;
}

/// Complete checkpoints by rising step: a temporary folder doesn't have a step's name.
std::vector<fs::path> complete_checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory() && step_of(entry.path())) found.push_back(entry.path());
  std::ranges::sort(found, {}, [](const fs::path& path) { return *step_of(path); });
  return found;
}

/// "lr: 0.1 then, 0.2 now; adapter.r: 4 then, 8 now"
std::string differences(const OrderedJson& saved, const OrderedJson& current, const std::string& prefix = "") {
  std::string text;
  for (const auto& [key, value] : current.items()) {
    const OrderedJson old = saved.is_object() && saved.contains(key) ? saved[key] : OrderedJson();
    if (old == value) continue;
    text += text.empty() ? "" : "; ";
    text += value.is_object() && old.is_object()
                ? differences(old, value, prefix + key + ".")
                : fmt::format("{}{}: {} then, {} now", prefix, key, old.dump(), value.dump());
  }
  return text;
}

}  // namespace

CheckpointStore::CheckpointStore(const fs::path& out, OrderedJson identity)
    : folder_(out / "checkpoints"), identity_(std::move(identity)) {}

void CheckpointStore::save(Context& ctx, const LoraAdapter& adapter, const RunState& state) const {
  const fs::path folder = folder_ / fmt::format("{}{:06}", kStepPrefix, state.step);
  fs::create_directories(folder_);
  if (!fs::exists(folder)) {
    write_folder_atomic(folder, [&](const fs::path& temporary) {
      adapter.save_peft(ctx, temporary);  // its copy of the parameters is gone before those of the moments are made
      const std::vector<float> m = read<float>(ctx, state.m.tensor()), v = read<float>(ctx, state.v.tensor());
      const auto count = static_cast<int64_t>(m.size());
      const io::TensorToWrite tensors[] = {{"m", DType::f32, {count}, std::as_bytes(std::span(m))},
                                           {"v", DType::f32, {count}, std::as_bytes(std::span(v))}};
      io::write_safetensors(temporary / "optimizer.safetensors", tensors);
      const OrderedJson json = {{"step", state.step},
                                {"epoch", state.cursor.epoch},
                                {"batch", state.cursor.batch},
                                {"loss_scale", state.loss_scale},
                                {"steps_since_scale_change", state.steps_since_scale_change},
                                {"run", identity_}};
      write_file_atomic(temporary / "trainer_state.json", json.dump(2) + "\n");
    });
  }
  write_file_atomic(folder_ / "latest", folder.filename().string() + "\n");
  std::vector<fs::path> all = complete_checkpoints(folder_);
  for (size_t i = 0; i + kCheckpointsKept < all.size(); ++i) fs::remove_all(all[i]);
}

void CheckpointStore::remove_unfinished() const {
  if (!fs::is_directory(folder_)) return;
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if ((name.starts_with(kStepPrefix) && name.ends_with(".tmp")) || name.starts_with("latest.tmp-"))
      unfinished.push_back(entry.path());
  }
  for (const fs::path& path : unfinished) fs::remove_all(path);
}

std::optional<fs::path> CheckpointStore::latest() const {
  // The folders themselves say what is complete; `latest` is for people and scripts, and may lag after a kill.
  const std::vector<fs::path> all = complete_checkpoints(folder_);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

void CheckpointStore::load(Context& ctx, const fs::path& folder, LoraAdapter& adapter, RunState& state) const {
  const fs::path json_path = folder / "trainer_state.json";
  const OrderedJson json = parse_ordered_json(read_file(json_path), json_path.string());
  try {
    if (const std::string text = differences(json.at("run"), identity_); !text.empty())
      fail(ErrorCode::invalid_argument,
           "{}: the checkpoint is of another run ({}); resume with its settings, or start "
           "anew with --overwrite",
           folder.string(), text);
    state.step = json.at("step").get<int64_t>();
    state.cursor = {json.at("epoch").get<int64_t>(), json.at("batch").get<int64_t>()};
    state.loss_scale = json.at("loss_scale").get<double>();
    state.steps_since_scale_change = json.at("steps_since_scale_change").get<int64_t>();
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::format, "{}: {}", json_path.string(), error.what());
  }

  const auto load_flat = [&](const io::SafetensorsFile& file, const char* name) {
    const io::StoredTensor& tensor = file.at(name);
    if (tensor.element_count() != adapter.parameter_count())
      fail(ErrorCode::format, "{}: optimizer state of {} values for an adapter of {}", folder.string(),
           tensor.element_count(), adapter.parameter_count());
    return State(ctx, upload(ctx, io::to_f32(tensor), {adapter.parameter_count()}));
  };
  const io::SafetensorsFile optimizer(folder / "optimizer.safetensors");
  state.m = load_flat(optimizer, "m");
  state.v = load_flat(optimizer, "v");
  adapter.restore_parameters(ctx, folder);
}

}  // namespace temper::train
