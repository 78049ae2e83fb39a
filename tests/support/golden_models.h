#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "device/context.h"
#include "models/text_model.h"

namespace temper::testing {

/// A file of tests/golden/data; its README describes them.
inline std::filesystem::path golden_path(const std::string& relative) {
  return std::filesystem::path(TEMPER_SOURCE_DIR) / "tests" / "golden" / "data" / relative;
}

/// A tiny model of tests/golden/data in f32 arithmetic on the CPU.
struct GoldenModel {
  std::shared_ptr<Backend> backend = open_backend({DeviceType::cpu, 0}, {.threads = 2});
  Context ctx{backend};
  TextModel model;

  explicit GoldenModel(const std::string& relative = "tiny_llama/gqa_tied")
      : model(TextModel::load(*backend, ctx, golden_path(relative), {.dtype = DType::f32})) {}
  const LanguageModel& language_model() const { return model.language_model(); }
};

}  // namespace temper::testing
