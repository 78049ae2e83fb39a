#include "autograd/tape.h"

#include <array>
#include <atomic>

#include "base/fail.h"
#include "device/transfer.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "tensor/buffer.h"

namespace temper {

Tensor Gradients::of(const Tensor& leaf) const {
  const auto found = by_id_.find(leaf.grad_id());
  return found == by_id_.end() ? Tensor() : found->second;
}

void Gradients::accumulate(Context& ctx, uint64_t id, Tensor grad) {
  Tensor& slot = by_id_[id];
  slot = slot.defined() ? add(ctx, std::move(slot), std::move(grad)) : std::move(grad);
}

Tensor Gradients::take(uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return {};
  Tensor grad = std::move(found->second);
  by_id_.erase(found);
  return grad;
}

uint64_t Tape::new_grad_id() {
  // Unique over all tapes, so that a tensor of one is never taken for a tensor of another (checkpoint nests tapes).
  static std::atomic<uint64_t> next = 1;
  return next.fetch_add(1, std::memory_order_relaxed);
}

Tensor Tape::leaf(const Tensor& x) {
  if (!is_floating(x.dtype()))
    fail(ErrorCode::dtype_mismatch, "tape: {} can't be a variable, only floating types have gradients", to_string(x));
  return x.with_grad_id(new_grad_id());
}

Gradients Tape::backward(Context& ctx, const Tensor& loss) {
  if (loss.elements() != 1)
    fail(ErrorCode::shape_mismatch, "backward: the loss {} is not a scalar; sum it?", to_string(loss));
  if (!loss.requires_grad())
    fail(ErrorCode::invalid_argument, "backward: the loss depends on no variable of this tape");
  const std::array<float, 1> one = {1.0f};
  const Tensor seed = cast(ctx, upload(ctx, std::span<const float>(one), loss.shape()), loss.dtype());
  return backward(ctx, std::span(&loss, 1), std::span(&seed, 1));
}

Gradients Tape::backward(Context& ctx, std::span<const Tensor> outputs, std::span<const Tensor> seeds) {
  Context::TapeScope off(ctx, nullptr);
  Gradients grads;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (seeds[i].defined() && outputs[i].requires_grad()) grads.accumulate(ctx, outputs[i].grad_id(), seeds[i]);
  while (!nodes_.empty()) {
    const std::unique_ptr<TapeNode> node = std::move(nodes_.back());
    nodes_.pop_back();
    std::vector<Tensor> output_grads;
    bool any = false;
    for (const uint64_t id : node->output_ids) {
      output_grads.push_back(id ? grads.take(id) : Tensor());
      any = any || output_grads.back().defined();
    }
    if (!any) continue;
    std::vector<Tensor> input_grads = node->vjp(ctx, output_grads);
    TEMPER_ASSERT(input_grads.size() == node->input_ids.size());
    for (size_t i = 0; i < input_grads.size(); ++i)
      if (node->input_ids[i] && input_grads[i].defined())
        grads.accumulate(ctx, node->input_ids[i], std::move(input_grads[i]));
  }
  return grads;
}

namespace {

class CheckpointNode final : public TapeNode {
 public:
  CheckpointNode(const Tensor& x, CheckpointBody body, uint32_t rng_site)
      : x_(x.detached()), version_(x.buffer()->version()), body_(std::move(body)), rng_site_(rng_site) {
    input_ids = {x.grad_id()};
  }
  std::string_view op() const override { return "checkpoint"; }

  std::vector<Tensor> vjp(Context& ctx, std::span<const Tensor> output_grads) override {
    if (x_.buffer()->version() != version_)
      fail(ErrorCode::internal, "checkpoint: its input ({}) was changed in place since", to_string(x_));
    const uint32_t site = ctx.rng_site();
    ctx.set_rng_site(rng_site_);
    Tape tape;
    // Below the lowest adapter nothing needs a gradient, so none is asked for there.
    const Tensor x = input_ids[0] ? tape.leaf(x_) : x_;
    Tensor y;
    {
      Context::TapeScope on(ctx, &tape);
      y = body_(ctx, x);
    }
    ctx.set_rng_site(site);
    Gradients grads = tape.backward(ctx, std::span(&y, 1), output_grads);
    std::vector<Tensor> result = {x.requires_grad() ? grads.take(x.grad_id()) : Tensor()};
    input_ids.resize(1);
    // Captured variables: their gradients join as further inputs of this node.
    for (const auto& [id, grad] : grads) {
      input_ids.push_back(id);
      result.push_back(grad);
    }
    return result;
  }

 private:
  Tensor x_;
  uint64_t version_;
  CheckpointBody body_;
  uint32_t rng_site_;
};

/// Notes whether anything that requires a gradient happens, and keeps nothing.
class Probe final : public Recorder {
 public:
  explicit Probe(Recorder& tape) : tape_(tape) {}
  uint64_t new_grad_id() override { return tape_.new_grad_id(); }
  void record(std::unique_ptr<TapeNode>) override { recorded_ = true; }
  bool recorded() const { return recorded_; }

 private:
  Recorder& tape_;
  bool recorded_ = false;
};

}  // namespace

Tensor checkpoint(Context& ctx, const Tensor& x, CheckpointBody body) {
  Recorder* tape = ctx.tape();
  if (!tape) return body(ctx, x);
  const uint32_t site = ctx.rng_site();
  Probe probe(*tape);
  Tensor y;
  {
    Context::TapeScope on(ctx, &probe);
    y = body(ctx, x).detached();
  }
  if (!probe.recorded()) return y;  // nothing here or below learns: backward need not come here
  auto node = std::make_unique<CheckpointNode>(x, std::move(body), site);
  node->output_ids = {tape->new_grad_id()};
  y = y.with_grad_id(node->output_ids[0]);
  tape->record(std::move(node));
  return y;
}

}  // namespace temper
