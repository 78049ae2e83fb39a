#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "models/language_model.h"
#include "models/text_processor.h"

namespace temper {

struct TextModelOptions {
  std::optional<DType> dtype;  ///< compute type; unset: what the device prefers
  bool quantized = false;      ///< keep the file's blocks instead of expanding them at load
};

/// A model with what turns text into its tokens: TextProcessor and weights.
class TextModel : public TextProcessor {
 public:
  /// Opens a Hugging Face folder or a GGUF file. Throws what TextProcessor and load_language_model throw.
  static TextModel load(Backend& backend, Context& ctx, const std::filesystem::path& path,
                        const TextModelOptions& options);

  const LanguageModel& language_model() const { return *model_; }

 private:
  TextModel(TextProcessor processor, std::unique_ptr<LanguageModel> model)
      : TextProcessor(std::move(processor)), model_(std::move(model)) {}

  std::unique_ptr<LanguageModel> model_;
};

}  // namespace temper
