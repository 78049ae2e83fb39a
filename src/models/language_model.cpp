#include "models/language_model.h"

#include "base/fail.h"
#include "models/model_table.h"
#include "ops/cast.h"
#include "ops/linear.h"

namespace temper {

Tensor LanguageModel::logits(Context& ctx, const Tensor& hidden) const {
  return cast(ctx, linear(ctx, hidden, head()), DType::f32);
}

std::unique_ptr<LanguageModel> load_language_model(Backend& backend, Context& ctx, const io::Checkpoint& checkpoint,
                                                   const LoadOptions& options) {
  ModelTable table;
  register_all_models(table);
  const auto found = table.find(checkpoint.config().model_type);
  if (found == table.end()) {
    std::vector<std::string> known;
    for (const auto& [name, factory] : table) known.push_back(name);
    fail(ErrorCode::unsupported, "{}: architecture '{}' is not implemented; known: {}", checkpoint.path().string(),
         checkpoint.config().model_type, fmt::join(known, ", "));
  }
  WeightLoader loader(backend, ctx, checkpoint, options);
  return found->second(loader, checkpoint.config());
}

}  // namespace temper
