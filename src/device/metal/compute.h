#pragma once

#include <Metal/Metal.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "device/metal/pipelines.h"
#include "device/metal/stream.h"
#include "device/operand.h"
#include "device/prepared_weight.h"

namespace temper::metal {

/// Threads or threadgroups along x, y, z.
struct Grid {
  int64_t x = 1, y = 1, z = 1;
  int64_t count() const { return x * y * z; }
};

/// The dispatches of one op on our own kernels, within the open compute encoder. The kernel is chosen first, then its
/// arguments are bound, each at the index of its [[buffer(n)]], then it is dispatched; arguments stay bound for the
/// op's next dispatches. Only operands that the op has declared can be bound.
class ComputeCommands {
 public:
  struct Declared {
    Operands inputs, outputs, scratch;
  };
  ComputeCommands(MTL::ComputeCommandEncoder& encoder, Pipelines& pipelines, Counters& counters,
                  const Declared& declared, FaultPlace faults)
      : encoder_(encoder), pipelines_(pipelines), counters_(counters), declared_(declared), faults_(faults) {}

  void kernel(const KernelName& name);
  /// A tensor that the kernel reads, from its first element on; an undefined one binds memory that it must not touch.
  void read(int index, const Operand& operand);
  void write(int index, const Operand& operand);
  /// A weight, which nothing ever writes: it isn't among the op's operands.
  void weight(int index, const Operand& weight) { bind(index, weight); }
  /// A small struct in the constant address space, laid out alike in C++ and Metal.
  template <class T>
  void value(int index, const T& parameters) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 4096);
    bytes(index, std::as_bytes(std::span(&parameters, 1)));
  }
  /// Where the kernel reports what is wrong with its data; only for an op with a check.
  void faults(int index);
  /// One thread for each point of the grid; the last threadgroups may be partial. An empty grid does nothing.
  void dispatch_threads(const Grid& threads, const Grid& group);
  /// Enough threads for `count` elements of an element-wise kernel: kPerThread of them each.
  void dispatch_elements(int64_t count);
  /// Whole threadgroups.
  void dispatch_groups(const Grid& groups, const Grid& group);
  /// What follows sees what the dispatches before wrote.
  void barrier();

 private:
  bool declares(Operands operands, const Operand& operand) const;
  void bind(int index, const Operand& operand);
  void bytes(int index, std::span<const std::byte> parameters);
  void check(const Grid& grid, const Grid& group) const;

  MTL::ComputeCommandEncoder& encoder_;
  Pipelines& pipelines_;
  Counters& counters_;
  Declared declared_;
  FaultPlace faults_;
  MTL::ComputePipelineState* pipeline_ = nullptr;
};

/// Threads of a threadgroup for a row of `columns` elements, one or more a thread: whole SIMD-groups, at most 256.
int64_t row_threads(int64_t columns);

/// Whether our kernels know the type as one to compute in.
inline bool is_kernel_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}
/// Element counts and strides are 32 bits wide in kernels.
bool fits_kernels(std::span<const TensorSpec> specs);
inline bool fits_kernels(const WeightHandle& weight) {
  constexpr int64_t limit = int64_t{1} << 31;
  return weight->rows() < limit && weight->columns() < limit;
}
/// What most kernels take: inputs of a floating type, not too large.
template <class Spec>
bool takes_floats(std::span<const TensorSpec> in, const typename Spec::Attrs&) {
  return is_kernel_float(in[0].dtype) && fits_kernels(in);
}

/// The name of a type in kernels' host names: f32, f16, bf16, i32 ...
std::string_view kernel_type(DType dtype);

}  // namespace temper::metal
