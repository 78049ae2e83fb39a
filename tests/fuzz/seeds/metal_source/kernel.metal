# 1 "program_source"
using namespace metal;
constant bool twice [[function_constant(0)]];
static constant constexpr const int rows [[function_constant(3)]];
kernel void row_sum(device const float* x [[buffer(0)]], device float* y [[buffer(1), function_constant(twice)]],
                    constant uint& n [[buffer(2)]], threadgroup float* shared [[threadgroup(0)]],
                    uint tid [[thread_position_in_threadgroup]]) {
  threadgroup float part[32];
  threadgroup float* p = part;
  float sum = simd_sum(x[tid] * 0.5 + 1e-3h + 2.0bf);
  if (tid == 0) part[a[b[tid]]] = is_function_constant_defined(twice) ? 2 * sum : sum;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[0] = float4(1, 2, 3, 4).x;
}
