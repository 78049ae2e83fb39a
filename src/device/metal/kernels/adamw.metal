// One AdamW step in place, element by element in f32. Source: Loshchilov and Hutter 2019, alg. 2, with the bias
// corrections of torch.optim.AdamW. Work O(n); memory: four arrays read, three written. Tolerance: a few ulp of f32.
#include "kernels/shared/types.metal"

constant bool has_scale [[function_constant(0)]];

kernel void adamw(device float* param [[buffer(0)]], device float* m [[buffer(1)]], device float* v [[buffer(2)]],
                  device const float* grad [[buffer(3)]], device const float* hyper [[buffer(4)]],
                  device const float* extra_scale [[buffer(5)]], constant uint& count [[buffer(6)]],
                  uint thread_index [[thread_position_in_grid]]) {
  const float lr = hyper[0], beta1 = hyper[1], beta2 = hyper[2], eps = hyper[3], weight_decay = hyper[4];
  const float step = lr / hyper[5], root_correction2 = precise::sqrt(hyper[6]), keep = 1.0f - lr * weight_decay;
  const float scale = has_scale ? hyper[7] * extra_scale[0] : hyper[7];
  const uint first = thread_index * kPerThread;
  for (uint i = first; i < min(first + kPerThread, count); ++i) {
    const float g = grad[i] * scale;
    const float m_new = m[i] + (1.0f - beta1) * (g - m[i]), v_new = beta2 * v[i] + (1.0f - beta2) * g * g;
    m[i] = m_new;
    v[i] = v_new;
    param[i] = keep * param[i] - step * m_new / (precise::sqrt(v_new) / root_correction2 + eps);
  }
}
