#include "device/metal/mps_rows.h"

#include "device/metal/mps_product.h"

namespace temper::metal {
namespace {

void count_dispatch(OpenCommands& commands) {
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
}

}  // namespace

void encode_matrix_copy(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                        bool transpose) {
  // Rows and columns count as the destination sees them.
  const KernelKey key{.kind = KernelKey::Kind::copy, .trans_left = transpose, .rows = to.rows, .columns = to.columns};
  auto& kernel = kernels.get<MPS::MatrixCopy>(key, commands.counters, [&](MTL::Device* device) {
    return MPS::MatrixCopy::alloc()->init(device, extent(to.rows), extent(to.columns), transpose, false);
  });
  const auto source = mps_matrix(from), destination = mps_matrix(to);
  const MPS::MatrixCopyDescriptor* descriptor =
      MPS::MatrixCopyDescriptor::descriptor(source.get(), destination.get(), {0, 0, 0, 0});
  kernel.encodeToCommandBuffer(&commands.buffer, descriptor);
  count_dispatch(commands);
}

void encode_softmax(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                    bool logarithm) {
  // One object serves all shapes: it takes them from the matrices.
  const auto source = mps_matrix(from), result = mps_matrix(to);
  MPS::MatrixSoftMax* kernel = nullptr;
  if (logarithm)
    kernel = &kernels.get<MPS::MatrixLogSoftMax>(
        {.kind = KernelKey::Kind::log_softmax}, commands.counters,
        [](MTL::Device* device) { return MPS::MatrixLogSoftMax::alloc()->init(device); });
  else
    kernel =
        &kernels.get<MPS::MatrixSoftMax>({.kind = KernelKey::Kind::softmax}, commands.counters,
                                         [](MTL::Device* device) { return MPS::MatrixSoftMax::alloc()->init(device); });
  kernel->encodeToCommandBuffer(&commands.buffer, source.get(), result.get());
  count_dispatch(commands);
}

void encode_softmax_gradient(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& dy, const MatrixStack& y,
                             const MatrixStack& dx) {
  auto& kernel = kernels.get<MPS::MatrixSoftMaxGradient>(
      {.kind = KernelKey::Kind::softmax_gradient}, commands.counters,
      [](MTL::Device* device) { return MPS::MatrixSoftMaxGradient::alloc()->init(device); });
  const auto gradient = mps_matrix(dy), forward = mps_matrix(y), result = mps_matrix(dx);
  kernel.encodeToCommandBuffer(&commands.buffer, gradient.get(), forward.get(), result.get());
  count_dispatch(commands);
}

void encode_power(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& to,
                  float offset, float exponent) {
  const KernelKey key{.kind = KernelKey::Kind::sum,
                      .rows = from.rows,
                      .columns = from.columns,
                      .alpha = double{offset},
                      .beta = double{exponent}};
  auto& kernel = kernels.get<MPS::MatrixSum>(key, commands.counters, [&](MTL::Device* device) {
    MPS::MatrixSum* made = MPS::MatrixSum::alloc()->init(device, 1, extent(from.rows), extent(from.columns), false);
    if (made) made->setNeuronType(MPS::CNNNeuronTypePower, 1.0f, offset, exponent);
    return made;
  });
  const auto source = mps_matrix(from), result = mps_matrix(to);
  const NS::Array* sources = NS::Array::array(source.get());
  kernel.encodeToCommandBuffer(&commands.buffer, sources, result.get(), nullptr, nullptr, nullptr, 0);
  count_dispatch(commands);
}

void encode_top_k(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& values,
                  const Operand& indices, int64_t k) {
  auto& kernel = kernels.get<MPS::MatrixFindTopK>(
      {.kind = KernelKey::Kind::top_k, .interior = k}, commands.counters,
      [&](MTL::Device* device) { return MPS::MatrixFindTopK::alloc()->init(device, extent(k)); });
  const auto source = mps_matrix(from), result = mps_matrix(values);
  const MPS::MatrixDescriptor* descriptor = MPS::MatrixDescriptor::matrixDescriptor(
      extent(from.rows), extent(k), extent(k) * sizeof(uint32_t), MPS::DataTypeUInt32);
  const MetalMemory& memory = memory_of(*indices.buffer);
  const auto index_matrix = Retained<MPS::Matrix>::adopt(MPS::Matrix::alloc()->init(
      &memory.buffer(), memory.offset() + static_cast<size_t>(indices.spec.layout.offset) * sizeof(uint32_t),
      descriptor));
  kernel.encodeToCommandBuffer(&commands.buffer, source.get(), index_matrix.get(), result.get());
  count_dispatch(commands);
}

}  // namespace temper::metal
