#pragma once

#include <string>
#include <vector>

#include "models/language_model.h"

namespace temper {

/// Takes tensors out of a checkpoint strictly: what is missing or has another shape is collected, and finish() throws
/// one Error{format} that lists it all, beside the tensors that nobody asked for.
class WeightLoader {
 public:
  WeightLoader(Backend& backend, Context& ctx, const io::Checkpoint& checkpoint, const LoadOptions& options)
      : backend_(backend), ctx_(ctx), checkpoint_(checkpoint), options_(options) {}

  /// A weight [rows, columns]; null after a failure.
  WeightHandle matrix(const std::string& name, int64_t rows, int64_t columns);
  /// A vector [n] as an f32 tensor (norm weights, biases); undefined after a failure.
  Tensor vector(const std::string& name, int64_t n);
  /// A linear layer `module`.weight, with `module`.bias when `has_bias`.
  LinearLayer linear(const std::string& module, int64_t out, int64_t in, bool has_bias);
  /// A tensor the model knows and doesn't need.
  void ignore(const std::string& name) { used_.push_back(name); }
  bool has(const std::string& name) const { return checkpoint_.has(name); }

  const LoadOptions& options() const { return options_; }
  Context& context() { return ctx_; }
  /// Throws when anything was missing, mis-shaped or left over.
  void finish();

 private:
  std::optional<io::StoredTensor> take(const std::string& name, const std::vector<int64_t>& shape);

  Backend& backend_;
  Context& ctx_;
  const io::Checkpoint& checkpoint_;
  LoadOptions options_;
  std::vector<std::string> used_, missing_, wrong_shape_;
};

}  // namespace temper
