#include "bench/limits.h"

#include <algorithm>
#include <chrono>

#include "bench/inputs.h"
#include "ops/copy.h"
#include "ops/matmul.h"

namespace temper::bench {
namespace {

/// The fastest of `rounds` samples of `calls` calls, in seconds a call.
double fastest(Context& ctx, int rounds, int calls, const std::function<void()>& encode) {
  double best = 1e30;
  for (int round = 0; round <= rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) encode();
    ctx.stream().synchronize();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round > 0) best = std::min(best, seconds / calls);  // the first makes kernels and memory
  }
  return best;
}

}  // namespace

size_t Limits::level(double bytes) {
  return bytes <= kCacheBytes[0] ? 0 : bytes <= kCacheBytes[1] ? 1 : 2;
}

double Limits::seconds(const Case& c) const {
  return std::max(c.flops / flops_, c.bytes / bytes_[level(c.bytes)]);
}

void Limits::admit(const Case& c, double seconds) {
  flops_ = std::max(flops_, c.flops / seconds);
  double& bandwidth = bytes_[level(c.bytes)];
  bandwidth = std::max(bandwidth, c.bytes / seconds);
}

Limits measure_limits(Context& ctx, DType dtype, bool quick) {
  const int rounds = quick ? 1 : 5;
  const int64_t n = quick ? 64 : 1024;
  const Tensor a = random_tensor(ctx, {n, n}, dtype, 1), b = random_tensor(ctx, {n, n}, dtype, 2);
  const auto size = static_cast<double>(n);
  const double flops = 2 * size * size * size / fastest(ctx, rounds, 1, [&] { matmul(ctx, a, b, {.trans_b = true}); });
  std::array<double, 3> bytes{};
  const std::array<int64_t, 3> elements = {24 << 10, 384 << 10, quick ? 1 << 20 : 24 << 20};
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Tensor x = random_tensor(ctx, {elements[i]}, DType::f32, 3);
    const int calls = quick ? 1 : static_cast<int>((24 << 20) / elements[i]);
    bytes[i] = 8.0 * static_cast<double>(elements[i]) / fastest(ctx, rounds, calls, [&] { copy(ctx, x); });
  }
  return {flops, bytes};
}

}  // namespace temper::bench
