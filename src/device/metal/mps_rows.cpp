#include "device/metal/mps_rows.h"

#include <fmt/format.h>

#include "base/fail.h"
#include "device/metal/mps_product.h"

namespace temper::metal {
namespace {

void count_dispatch(OpenCommands& commands) {
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
}

/// What one operand says of another, for messages.
std::string text_of(const MatrixStack& m) {
  return fmt::format("{} [{},{}] of {}", m.name, m.rows, m.columns, name_of(m.dtype));
}

void validate_shape(std::string_view op, const MatrixStack& m, int64_t rows, int64_t columns) {
  if (m.rows != rows || m.columns != columns || m.count != 1)
    fail(ErrorCode::shape_mismatch, "{}: {} is [{},{}], {} of them; it must be one of [{},{}]", op, m.name, m.rows,
         m.columns, m.count, rows, columns);
}

}  // namespace

void validate_rows(std::string_view op, std::initializer_list<const MatrixStack*> sources, const MatrixStack& result) {
  validate(op, result);
  for (const MatrixStack* source : sources) {
    validate(op, *source);
    if (source->dtype != result.dtype)
      fail(ErrorCode::dtype_mismatch, "{}: {}, but {}; MPS takes one type: cast one", op, text_of(*source),
           text_of(result));
    validate_shape(op, *source, result.rows, result.columns);
    validate_apart(op, *source, result);
  }
}

void validate_top_k(std::string_view op, const MatrixStack& from, const MatrixStack& values, const MatrixStack& indices,
                    int64_t k) {
  if (k < 1 || k > kLargestTopK || k > from.columns)
    fail(ErrorCode::invalid_argument, "{}: the {} largest of {} columns; MPS finds 1 to {}, and no more than there are",
         op, k, from.columns, kLargestTopK);
  validate(op, from);
  validate(op, values);
  validate_indices(op, indices);
  if (values.dtype != from.dtype)
    fail(ErrorCode::dtype_mismatch, "{}: {}, but {}; MPS takes one type: cast one", op, text_of(from), text_of(values));
  validate_shape(op, values, from.rows, k);
  validate_shape(op, indices, from.rows, k);
  validate_apart(op, from, values);
  validate_apart(op, from, indices);
  validate_apart(op, values, indices);
}

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

void encode_top_k(OpenCommands& commands, MpsKernels& kernels, const MatrixStack& from, const MatrixStack& values,
                  const MatrixStack& indices, int64_t k) {
  auto& kernel = kernels.get<MPS::MatrixFindTopK>(
      {.kind = KernelKey::Kind::top_k, .interior = k}, commands.counters,
      [&](MTL::Device* device) { return MPS::MatrixFindTopK::alloc()->init(device, extent(k)); });
  const auto source = mps_matrix(from), index_matrix = mps_matrix(indices), result = mps_matrix(values);
  kernel.encodeToCommandBuffer(&commands.buffer, source.get(), index_matrix.get(), result.get());
  count_dispatch(commands);
}

}  // namespace temper::metal
