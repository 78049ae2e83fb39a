#include "cli/train_output.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/fail.h"

namespace temper::cli {
namespace {

namespace fs = std::filesystem;

/// What a run writes: a mistyped --out must not cost anything else.
constexpr std::array<std::string_view, 6> kResults = {
    "checkpoints", "tensorboard", "metrics.jsonl", "report.html", "adapter_config.json", "adapter_model.safetensors"};

/// "report.html.tmp-a1B2c3", left by a run that was killed while it wrote the report.
bool is_unfinished(const std::string& name) {
  return std::ranges::any_of(kResults, [&](std::string_view result) {
    return name.starts_with(result) && std::string_view(name).substr(result.size()).starts_with(".tmp-");
  });
}

}  // namespace

void check_out(const TrainOptions& options) {
  const fs::path out = options.out;
  if (!fs::exists(out)) return;
  if (!fs::is_directory(out)) fail(ErrorCode::io, "{}: exists and is not a folder", out.string());
  if (!fs::is_empty(out) && !options.resume && !options.overwrite)
    fail(ErrorCode::io,
         "{}: exists already; --resume goes on with it, --overwrite replaces it, or choose another --out",
         out.string());
}

FolderLock prepare_out(const TrainOptions& options) {
  const fs::path out = options.out;
  std::error_code error;
  fs::create_directories(out, error);
  if (error) fail(ErrorCode::io, "{}: cannot create the folder: {}", out.string(), error.message());
  FolderLock lock(out, "wait for it to end, or choose another --out");
  check_out(options);  // another run may have come and gone meanwhile
  if (options.overwrite)
    for (const std::string_view name : kResults) fs::remove_all(out / name);
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(out))
    if (is_unfinished(entry.path().filename().string())) unfinished.push_back(entry.path());
  for (const fs::path& path : unfinished) fs::remove(path);
  return lock;
}

}  // namespace temper::cli
