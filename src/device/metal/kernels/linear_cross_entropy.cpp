#include "device/op_specs/linear_cross_entropy.h"

#include <algorithm>

#include "device/metal/gemm.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/linear_cross_entropy.h"

using specs::LinearCrossEntropy;

/// Logits at a time: 8 MiB of f32, and at least 1,024 tokens a product.
constexpr int64_t kChunkLogits = int64_t{1} << 21;
constexpr int64_t kLeastTokens = 1024;

bool supports_linear_cross_entropy(std::span<const TensorSpec> in, const LinearCrossEntropy::Attrs& attrs) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in) && fits_kernels(attrs.head) &&
         in[0].shape()[0] * kLeastTokens < int64_t{1} << 31;
}

/// One launch of linear_cross_entropy: the chunks of the vocabulary with their logits in either of two places.
class CrossEntropy {
 public:
  CrossEntropy(MetalEncoder& metal, Operands in, Operands out, const LinearCrossEntropy::Attrs& attrs)
      : in_(in), out_(out), head_(weight_rows(attrs.head)), smoothing_(attrs.label_smoothing) {
    const int64_t most = std::max(kLeastTokens, kChunkLogits / std::max<int64_t>(1, rows()));
    const int64_t chunks = (vocabulary() + most - 1) / most;
    tokens_ = (vocabulary() + chunks - 1) / chunks;
    for (Operand& logits : logits_) logits = metal.scratch(DType::f32, {rows(), tokens_});
    statistics_ = metal.scratch(DType::f32, {rows(), 4});
  }

  std::vector<Operand> scratch() const { return {logits_[0], logits_[1], statistics_}; }

  void encode_losses(ComputeCommands& commands) {
    for (int64_t first = 0, chunk = 0; first < vocabulary(); first += tokens_, ++chunk) {
      encode_logits(commands, chunk, first);
      commands.barrier();  // the next chunk's logits go to the other place
      commands.kernel({"linear_cross_entropy", "cross_entropy_statistics", {{0, first == 0}}});
      commands.read(0, logits(chunk, first));
      commands.read(1, in_[1]);
      commands.write(2, statistics_);
      commands.value(3, parameters(first));
      commands.dispatch_groups({rows()}, {row_threads(tokens_)});
    }
    commands.barrier();
    commands.kernel({"linear_cross_entropy", "cross_entropy_losses", {{0, false}}});
    commands.read(0, statistics_);
    commands.read(1, in_[1]);
    commands.write(2, out_[0]);
    commands.write(3, out_[1]);
    commands.value(4, parameters(0));
    commands.faults(5);
    commands.dispatch_groups({1}, {row_threads(rows())});
  }

  void encode_gradient(ComputeCommands& commands) {
    for (int64_t first = 0, chunk = 0; first < vocabulary(); first += tokens_, ++chunk) {
      if (tokens_ < vocabulary()) encode_logits(commands, chunk, first);  // a single chunk is still there
      commands.barrier();
      const Operand slopes = logits(chunk, first);
      commands.kernel({"linear_cross_entropy", "cross_entropy_gradient", {{0, false}}});
      commands.write(0, slopes);
      commands.read(1, in_[1]);
      commands.read(2, statistics_);
      commands.value(3, parameters(first));
      commands.dispatch_groups({rows()}, {row_threads(tokens_)});
      commands.barrier();
      encode_gemm(commands, {.left = gemm_matrix(slopes, rows(), slopes.dim(1)),
                             .right = gemm_matrix(head_of(first)),
                             .result = out_[2],
                             .addend = first == 0 ? Operand{} : out_[2]});
    }
  }

 private:
  int64_t rows() const { return in_[0].dim(0); }
  int64_t width() const { return in_[0].dim(1); }
  int64_t vocabulary() const { return head_.rows; }
  int64_t end_of(int64_t first) const { return std::min(first + tokens_, vocabulary()); }

  WeightRows head_of(int64_t first) const { return head_.part(first, end_of(first)); }
  Operand logits(int64_t chunk, int64_t first) const {
    Operand part = logits_[chunk % 2];
    part.spec.layout = Layout::contiguous({rows(), end_of(first) - first});
    return part;
  }
  CrossEntropyParameters parameters(int64_t first) const {
    return {static_cast<uint32_t>(rows()), static_cast<uint32_t>(vocabulary()), static_cast<uint32_t>(first),
            static_cast<uint32_t>(end_of(first) - first), smoothing_};
  }

  void encode_logits(ComputeCommands& commands, int64_t chunk, int64_t first) {
    encode_gemm(commands, {.left = gemm_matrix(in_[0], rows(), width()),
                           .right = gemm_matrix(head_of(first)).transposed(),
                           .result = logits(chunk, first)});
  }

  Operands in_, out_;
  WeightRows head_;
  float smoothing_;
  int64_t tokens_ = 0;  // of a chunk
  Operand logits_[2];
  Operand statistics_;
};

void encode_linear_cross_entropy(Encoder& encoder, Operands in, Operands out, const LinearCrossEntropy::Attrs& attrs) {
  MetalEncoder& metal = metal_encoder(encoder);
  CrossEntropy launch(metal, in, out, attrs);
  const auto encode = [&](ComputeCommands& commands) {
    launch.encode_losses(commands);
    if (attrs.want_dx) launch.encode_gradient(commands);
  };
  metal.compute("linear_cross_entropy", in, out, launch.scratch(), encode,
                {fault_messages::target(attrs.head->rows())});
}

}  // namespace

void register_linear_cross_entropy(Placement& placement) {
  placement.add<LinearCrossEntropy>({.supports = supports_linear_cross_entropy, .encode = encode_linear_cross_entropy},
                                    "f32 f16 bf16");
}

}  // namespace temper::metal
