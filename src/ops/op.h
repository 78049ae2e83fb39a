#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/fail.h"
#include "device/context.h"
#include "ops/copy.h"
#include "temper/tensor.h"

// How ops are built. An op is a spec (device/op_specs/<op>.h: name, attributes, inputs, outputs) and a rule
// (ops/<op>.cpp: shape rule, composite, gradient). `apply` runs it:
//   validate -> infer -> allocate the outputs' buffers -> encode the kernel -> wrap the buffers in tensors -> record.
// Without a kernel that supports the inputs the composite runs instead, with the tape off; it is counted.
namespace temper {

constexpr int kMaxOperands = 32;

/// Inputs and outputs that a gradient rule wants kept, as bits. What isn't kept is undefined in VjpArgs.
struct Saved {
  uint32_t inputs = 0;
  uint32_t outputs = 0;
};

template <class Attrs>
struct VjpArgs {
  std::span<const Tensor> inputs;     ///< undefined where not saved
  std::span<const Tensor> outputs;    ///< undefined where not saved
  std::span<const TensorSpec> specs;  ///< of all inputs, saved or not
  std::span<const Tensor> grads;      ///< of the outputs, contiguous; undefined where none came
  uint32_t needs_grad = 0;            ///< bit i: input i needs a gradient
  const Attrs& attrs;

  bool needs(int input) const { return (needs_grad >> input) & 1u; }
};

template <class Spec>
struct OpRule {
  using Attrs = typename Spec::Attrs;

  /// Specs of the outputs. Validates everything and throws before anything is allocated.
  std::vector<TensorSpec> (*infer)(std::span<const TensorSpec> inputs, const Attrs& attrs) = nullptr;
  /// The op in terms of others, or null for a primitive.
  std::vector<Tensor> (*composite)(Context& ctx, std::span<const Tensor> inputs, const Attrs& attrs) = nullptr;
  /// What vjp needs, given which inputs need a gradient.
  Saved (*saves)(uint32_t needs_grad, const Attrs& attrs) = nullptr;
  /// Gradients of the inputs (undefined where not needed); null when the op has none.
  std::vector<Tensor> (*vjp)(Context& ctx, const VjpArgs<Attrs>& args) = nullptr;
  /// Bit i set: output i carries no gradient (statistics, indices).
  uint32_t outputs_without_grad = 0;
};

namespace detail {

void check_operands(Context& ctx, std::string_view op, std::span<const Tensor> inputs);
[[noreturn]] void fail_without_kernel(const Context& ctx, std::string_view op, std::span<const TensorSpec> inputs);
/// States must be contiguous, and nothing may require a gradient.
void check_in_place(std::string_view op, std::span<const Tensor> tensors, size_t states);
void check_version(std::string_view op, const Tensor& saved, uint64_t version);

template <class Spec>
class Node final : public TapeNode {
 public:
  using Attrs = typename Spec::Attrs;

  Node(const OpRule<Spec>& rule, const Attrs& attrs, std::span<const Tensor> inputs, std::span<const Tensor> outputs,
       uint32_t needs_grad)
      : rule_(rule), attrs_(attrs), needs_grad_(needs_grad) {
    const Saved saved = rule.saves ? rule.saves(needs_grad, attrs) : Saved{};
    keep(inputs, saved.inputs, inputs_);
    keep(outputs, saved.outputs, outputs_);
    for (const Tensor& input : inputs) {
      specs_.push_back(input.spec());
      input_ids.push_back(input.grad_id());
    }
  }

  std::string_view op() const override { return Spec::name; }

  std::vector<Tensor> vjp(Context& ctx, std::span<const Tensor> output_grads) override {
    size_t version = 0;
    for (const auto* kept : {&inputs_, &outputs_})
      for (const Tensor& tensor : *kept)
        if (tensor.defined()) check_version(Spec::name, tensor, versions_[version++]);
    std::vector<Tensor> grads;
    for (const Tensor& grad : output_grads) grads.push_back(grad.defined() ? contiguous(ctx, grad) : grad);
    return rule_.vjp(ctx, {inputs_, outputs_, specs_, grads, needs_grad_, attrs_});
  }

 private:
  void keep(std::span<const Tensor> tensors, uint32_t mask, std::vector<Tensor>& kept) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      const bool wanted = ((mask >> i) & 1u) && tensors[i].defined();
      kept.push_back(wanted ? tensors[i].detached() : Tensor());
      if (wanted) versions_.push_back(version_of(tensors[i]));
    }
  }
  static uint64_t version_of(const Tensor& tensor);

  const OpRule<Spec>& rule_;
  Attrs attrs_;
  uint32_t needs_grad_;
  std::vector<Tensor> inputs_, outputs_;
  std::vector<TensorSpec> specs_;
  std::vector<uint64_t> versions_;
};

uint64_t buffer_version(const Tensor& tensor);

template <class Spec>
uint64_t Node<Spec>::version_of(const Tensor& tensor) {
  return buffer_version(tensor);
}

/// A buffer for an output: the input's own when the kernel may work in place and nobody else holds it.
std::shared_ptr<Buffer> output_buffer(Context& ctx, const TensorSpec& output, Tensor* reusable);

template <class Spec>
std::vector<Tensor> encode(Context& ctx, const Kernel<Spec>& kernel, std::vector<Tensor>& inputs,
                           std::span<const TensorSpec> output_specs, const typename Spec::Attrs& attrs) {
  std::vector<Operand> in, out;
  if (!kernel.takes_strided)
    for (Tensor& input : inputs)
      if (input.defined() && !input.is_contiguous()) input = contiguous(ctx, input);
  for (size_t i = 0; i < output_specs.size(); ++i) {
    const bool reuse = i == 0 && kernel.in_place_input >= 0;
    Tensor* reusable = reuse ? &inputs[static_cast<size_t>(kernel.in_place_input)] : nullptr;
    out.push_back({output_buffer(ctx, output_specs[i], reusable), output_specs[i]});
  }
  for (const Tensor& input : inputs) in.push_back(operand(input));
  kernel.encode(ctx.stream().encoder(), in, out, attrs);
  std::vector<Tensor> outputs;
  for (Operand& output : out) outputs.emplace_back(std::move(output.buffer), output.spec);
  return outputs;
}

}  // namespace detail

/// Runs an op. Optional inputs may be undefined tensors.
template <class Spec>
std::vector<Tensor> apply(Context& ctx, const OpRule<Spec>& rule, std::vector<Tensor> inputs,
                          const typename Spec::Attrs& attrs) {
  detail::check_operands(ctx, Spec::name, inputs);
  std::vector<TensorSpec> specs;
  uint32_t needs_grad = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    specs.push_back(inputs[i].spec());
    if (inputs[i].requires_grad()) needs_grad |= 1u << i;
  }
  const std::vector<TensorSpec> output_specs = rule.infer(specs, attrs);
  const bool recording = ctx.tape() && needs_grad && rule.vjp;
  if (ctx.tape() && needs_grad && !rule.vjp && is_floating(output_specs[0].dtype))
    fail(ErrorCode::unsupported, "{}: has no gradient, and an input requires one; detach it?", Spec::name);

  // The tape keeps its own handles, so an input that must survive is never overwritten in place.
  const std::vector<Tensor> kept = recording ? inputs : std::vector<Tensor>{};
  std::vector<Tensor> outputs;
  const Kernel<Spec>* kernel = ctx.backend().kernels().template find<Spec>();
  const bool composite_wanted = ctx.prefer_composites() && rule.composite;
  if (kernel && !composite_wanted && (!kernel->supports || kernel->supports(specs, attrs))) {
    outputs = detail::encode(ctx, *kernel, inputs, output_specs, attrs);
  } else if (rule.composite) {
    ctx.counters().count_composite(Spec::name);
    Context::TapeScope off(ctx, nullptr);
    outputs = rule.composite(ctx, inputs, attrs);
    TEMPER_ASSERT(outputs.size() == output_specs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      TEMPER_ASSERT(outputs[i].shape() == output_specs[i].shape() && outputs[i].dtype() == output_specs[i].dtype);
      outputs[i] = outputs[i].detached();
    }
  } else {
    detail::fail_without_kernel(ctx, Spec::name, specs);
  }

  if (recording) {
    auto node = std::make_unique<detail::Node<Spec>>(rule, attrs, kept, outputs, needs_grad);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const bool carries = is_floating(outputs[i].dtype()) && !((rule.outputs_without_grad >> i) & 1u);
      node->output_ids.push_back(carries ? ctx.tape()->new_grad_id() : 0);
      outputs[i] = outputs[i].with_grad_id(node->output_ids.back());
    }
    ctx.tape()->record(std::move(node));
  }
  return outputs;
}

/// Runs a `name_` op: `states` are read and written in place, `inputs` only read; the kernel gets the states first,
/// then the inputs, and the states as outputs. Such ops are primitives, have no gradient, and refuse tensors that need
/// one.
template <class Spec>
void apply_in_place(Context& ctx, const OpRule<Spec>& rule, std::span<const Tensor> states, std::vector<Tensor> inputs,
                    const typename Spec::Attrs& attrs) {
  std::vector<Tensor> all(states.begin(), states.end());
  all.insert(all.end(), inputs.begin(), inputs.end());
  detail::check_operands(ctx, Spec::name, all);
  detail::check_in_place(Spec::name, all, states.size());
  std::vector<Operand> in, out;
  std::vector<TensorSpec> specs;
  for (Tensor& tensor : all) {
    if (!tensor.is_contiguous()) tensor = contiguous(ctx, tensor);
    specs.push_back(tensor.spec());
    in.push_back(operand(tensor));
  }
  rule.infer(specs, attrs);
  for (size_t i = 0; i < states.size(); ++i) out.push_back(in[i]);
  const Kernel<Spec>* kernel = ctx.backend().kernels().template find<Spec>();
  if (!kernel || (kernel->supports && !kernel->supports(specs, attrs)))
    detail::fail_without_kernel(ctx, Spec::name, specs);
  for (const Operand& state : out) state.buffer->bump_version();  // first: a version tells streams that it is a state
  kernel->encode(ctx.stream().encoder(), in, out, attrs);
}

/// apply() for ops of one output.
template <class Spec>
Tensor apply_one(Context& ctx, const OpRule<Spec>& rule, std::vector<Tensor> inputs,
                 const typename Spec::Attrs& attrs) {
  return std::move(apply(ctx, rule, std::move(inputs), attrs)[0]);
}

}  // namespace temper
