#include "bench/limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <numeric>
#include <optional>
#include <thread>

#include "base/fail.h"
#include "base/thread_pool.h"
#include "bench/inputs.h"
#include "ops/copy.h"
#include "ops/matmul.h"

namespace temper::bench {
namespace {

/// The fastest of `rounds` samples, in seconds; one more goes before, which makes kernels and memory.
double fastest(int rounds, const std::function<void()>& sample) {
  double best = 1e30;
  for (int round = 0; round <= rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    sample();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (round > 0) best = std::min(best, seconds);
  }
  return best;
}

/// Bytes a second that the cores read, each from a part of its own, as a decoded token reads weights. A copy moves
/// fewer: memory that is written is read before.
double read_rate(ThreadPool& pool, size_t bytes, int calls, int rounds) {
  const std::vector<uint64_t> words(bytes / sizeof(uint64_t), 1);
  std::atomic<uint64_t> total = 0;
  const double seconds = fastest(rounds, [&] {
    for (int call = 0; call < calls; ++call)
      pool.run(pool.threads(), [&](int64_t slice) {
        const size_t begin = words.size() * static_cast<size_t>(slice) / static_cast<size_t>(pool.threads());
        const size_t end = words.size() * static_cast<size_t>(slice + 1) / static_cast<size_t>(pool.threads());
        total += std::accumulate(words.begin() + static_cast<ptrdiff_t>(begin),
                                 words.begin() + static_cast<ptrdiff_t>(end), uint64_t{0});
      });
  });
  const auto read = words.size() * static_cast<uint64_t>(calls) * static_cast<uint64_t>(rounds + 1);
  if (total != read) fail(ErrorCode::internal, "bench: {} words were read instead of {}", total.load(), read);
  return static_cast<double>(bytes) * calls / seconds;
}

}  // namespace

size_t Limits::level(double bytes) {
  size_t level = 0;
  while (level < kCacheBytes.size() && bytes > kCacheBytes[level]) ++level;
  return level;
}

double Limits::seconds(const Case& c) const {
  return std::max(c.flops / flops_, c.bytes / bytes_[level(c.bytes)]);
}

void Limits::admit(const Case& c, double seconds) {
  flops_ = std::max(flops_, c.flops / seconds);
  double& bandwidth = bytes_[level(c.bytes)];
  bandwidth = std::max(bandwidth, c.bytes / seconds);
}

Limits measure_limits(Context& ctx, DType dtype, int threads, bool quick) {
  const int rounds = quick ? 1 : 5;
  const int64_t n = quick ? 64 : 1024;
  const Tensor a = random_tensor(ctx, {n, n}, dtype, 1), b = random_tensor(ctx, {n, n}, dtype, 2);
  const auto size = static_cast<double>(n);
  const double flops = 2 * size * size * size / fastest(rounds, [&] {
                         matmul(ctx, a, b, {.trans_b = true});
                         ctx.stream().synchronize();
                       });
  std::optional<ThreadPool> pool;
  if (ctx.device().type == DeviceType::cpu)
    pool.emplace(threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  std::array<double, 4> rates{};
  const std::array<int64_t, 4> elements = {24 << 10, 384 << 10, 3 << 19, quick ? 3 << 20 : 24 << 20};
  for (size_t level = 0; level < rates.size(); ++level) {
    const Tensor x = random_tensor(ctx, {elements[level]}, DType::f32, 3);
    const int calls = quick ? 1 : static_cast<int>((24 << 20) / elements[level]);
    const double bytes = 8.0 * static_cast<double>(elements[level]);  // of a call, read and written
    rates[level] = bytes * calls / fastest(rounds, [&] {
                     for (int call = 0; call < calls; ++call) copy(ctx, x);
                     ctx.stream().synchronize();
                   });
    if (pool) rates[level] = std::max(rates[level], read_rate(*pool, static_cast<size_t>(bytes), calls, rounds));
  }
  return {flops, rates};
}

}  // namespace temper::bench
