#pragma once

#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "device/context.h"

namespace temper {

/// Gradients by the identity of the tensor they belong to.
class Gradients {
 public:
  /// The gradient of a leaf; undefined when the loss doesn't depend on it.
  Tensor of(const Tensor& leaf) const;
  /// Adds a contribution.
  void accumulate(Context& ctx, uint64_t id, Tensor grad);
  /// Removes and returns; undefined when there is none.
  Tensor take(uint64_t id);

  auto begin() const { return by_id_.begin(); }
  auto end() const { return by_id_.end(); }

 private:
  std::unordered_map<uint64_t, Tensor> by_id_;
};

/// Reverse-mode differentiation. Ops record themselves while a tape is set on the context and an input requires a
/// gradient; what requires none is never visited. A tape serves one backward pass.
class Tape final : public Recorder {
 public:
  /// x as a variable: gradients flow to it.
  Tensor leaf(const Tensor& x);

  /// Gradients of all leaves that the scalar `loss` depends on. Nodes are freed as they are passed, so that memory
  /// falls during backward. Errors: a loss that isn't a scalar or isn't on this tape; a saved tensor changed since.
  Gradients backward(Context& ctx, const Tensor& loss);
  /// The same from given gradients, `seeds`, of several outputs (undefined: none).
  Gradients backward(Context& ctx, std::span<const Tensor> outputs, std::span<const Tensor> seeds);

  uint64_t new_grad_id() override;
  void record(std::unique_ptr<TapeNode> node) override { nodes_.push_back(std::move(node)); }
  size_t size() const { return nodes_.size(); }

 private:
  std::vector<std::unique_ptr<TapeNode>> nodes_;
};

/// A part of the model whose activations are not kept: `body` runs without keeping any, and again during backward (Chen
/// et al. 2016, "Training deep nets with sublinear memory cost"), unless no variable takes part in it. Random ops
/// repeat their draws. Variables that `body` captures get their gradients like those passed in.
using CheckpointBody = std::function<Tensor(Context& ctx, const Tensor& x)>;
Tensor checkpoint(Context& ctx, const Tensor& x, CheckpointBody body);

}  // namespace temper
