#include "cli/train_run.h"

#include <algorithm>

namespace temper::testing {
namespace fs = std::filesystem;

TrainRun::TrainRun(const TestFolder& folder, const std::string& name, size_t train_rows, size_t valid_rows)
    : data(data_folder(folder, train_rows, valid_rows)), out(folder / name) {}

Words TrainRun::words(const Words& more) const {
  return Words{"train", "--model", tiny_model(), "--data", data, "--out", out, "--samples", "0", "--quiet"} + more;
}

std::string TrainRun::adapter_bytes() const {
  return contents(fs::path(out) / "adapter_model.safetensors");
}

std::string TrainRun::optimizer_bytes(int step) const {
  std::string number = std::to_string(step);
  number.insert(0, 6 - number.size(), '0');
  return contents(fs::path(out) / "checkpoints" / ("step-" + number) / "optimizer.safetensors");
}

Words TrainRun::checkpoints() const {
  Words names;
  const fs::path folder = fs::path(out) / "checkpoints";
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

std::vector<int> TrainRun::metric_steps() const {
  std::vector<int> steps;
  const Outcome lines{.out = contents(fs::path(out) / "metrics.jsonl"), .err = ""};
  for (const OrderedJson& line : lines.json_lines())
    if (line.value("type", "") == "train") steps.push_back(line["step"].get<int>());
  return steps;
}

OrderedJson TrainRun::adapter_config() const {
  return OrderedJson::parse(contents(fs::path(out) / "adapter_config.json"));
}

bool wait_for_step(Program& program, int step) {
  return program.wait_for_output("\"type\":\"train\",\"step\":" + std::to_string(step) + ",");
}

}  // namespace temper::testing
