// What every kernel file begins with: Metal's library, the element types, and the host names of kernels for each of them.
#ifndef TEMPER_KERNELS_TYPES
#define TEMPER_KERNELS_TYPES
#include <metal_stdlib>
using namespace metal;

// Elements that one thread of an element-wise kernel handles, one after the other.
constant constexpr uint kPerThread = 4;

// The kernel `function` of one element type, by the name `function`_f32.
#define KERNEL_OF(function, name, ...) \
  template [[host_name(#function "_" name)]] [[kernel]] decltype(function<__VA_ARGS__>) function<__VA_ARGS__>;

#define KERNELS_OF_FLOATS(function)    \
  KERNEL_OF(function, "f32", float)    \
  KERNEL_OF(function, "f16", half)     \
  KERNEL_OF(function, "bf16", bfloat)

// Of activations and weights: weights are f32 or of the activations' type.
#define KERNELS_OF_FLOATS_AND_WEIGHTS(function)       \
  KERNEL_OF(function, "f32_f32", float, float)        \
  KERNEL_OF(function, "f16_f16", half, half)          \
  KERNEL_OF(function, "f16_f32", half, float)         \
  KERNEL_OF(function, "bf16_bf16", bfloat, bfloat)    \
  KERNEL_OF(function, "bf16_f32", bfloat, float)
#endif
