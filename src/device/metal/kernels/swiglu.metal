// silu(gate) up and its gradients, element by element, in f32. Source: Shazeer 2020, eq. 5; with s = sigmoid(gate),
// dgate = dy up s (1 + gate (1 - s)) and dup = dy gate s. Work O(n); memory: every operand once. Tolerance: a few ulp of
// f32, then one rounding to the type.
#include "kernels/shared/types.metal"

constant bool want_gate [[function_constant(0)]];
constant bool want_up [[function_constant(1)]];

template <class T>
kernel void swiglu(device const T* gate [[buffer(0)]], device const T* up [[buffer(1)]], device T* y [[buffer(2)]],
                   constant uint& count [[buffer(3)]], uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, count); ++i) {
    const float g = float(gate[i]);
    y[i] = T(g / (1.0f + precise::exp(-g)) * float(up[i]));
  }
}

template <class T>
kernel void swiglu_backward(device const T* dy [[buffer(0)]], device const T* gate [[buffer(1)]],
                            device const T* up [[buffer(2)]], device T* dgate [[buffer(3)]],
                            device T* dup [[buffer(4)]], constant uint& count [[buffer(5)]],
                            uint thread_index [[thread_position_in_grid]]) {
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, count); ++i) {
    const float d = float(dy[i]), g = float(gate[i]);
    const float s = 1.0f / (1.0f + precise::exp(-g));
    if (want_gate) dgate[i] = T(d * float(up[i]) * s * (1.0f + g * (1.0f - s)));
    if (want_up) dup[i] = T(d * g * s);
  }
}

KERNELS_OF_FLOATS(swiglu)
KERNELS_OF_FLOATS(swiglu_backward)
