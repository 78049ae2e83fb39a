#pragma once

#include <map>
#include <memory>
#include <string>

#include "models/language_model.h"
#include "models/weight_loader.h"

namespace temper {

using ModelFactory = std::unique_ptr<LanguageModel> (*)(WeightLoader& loader, const io::ModelConfig& config);

/// Architectures by Hugging Face `model_type`.
using ModelTable = std::map<std::string, ModelFactory, std::less<>>;

void register_all_models(ModelTable& table);  // generated

}  // namespace temper
