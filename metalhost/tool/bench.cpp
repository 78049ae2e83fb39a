// metalhost bench: how fast kernels are emulated on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "msl/compiler/compile.h"
#include "msl/runner/threadgroups.h"
#include "tool/commands.h"

namespace metalhost::tool {
namespace {

constexpr const char* kSource = R"(#include <metal_stdlib>
using namespace metal;
kernel void scale(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) { x[i] = x[i] * 0.5 + 1.0; }
kernel void multiply(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                     device float* c [[buffer(2)]], uint2 tile [[threadgroup_position_in_grid]]) {
  simdgroup_float8x8 sum(0.0f), left, right;
  for (uint k = 0; k < 256; k += 8) {
    simdgroup_load(left, a + tile.y * 8 * 256 + k, 256);
    simdgroup_load(right, b + k * 256 + tile.x * 8, 256);
    simdgroup_multiply_accumulate(sum, left, right, sum);
  }
  simdgroup_store(sum, c + tile.y * 8 * 256 + tile.x * 8, 256);
}
)";

double median_seconds(const std::function<void()>& work) {
  double seconds[5];
  for (double& value : seconds) {
    const auto start = std::chrono::steady_clock::now();
    work();
    value = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(std::begin(seconds), std::end(seconds));
  return seconds[2];
}

int bench() {
  const auto object = msl::compile(kSource, "bench.metal");
  std::vector<float> x(1 << 20, 1.0f), a(256 * 256, 1.0f), b(256 * 256, 1.0f), c(256 * 256);
  msl::Launch scale;
  scale.buffers[0] = x.data();
  scale.threads = {1 << 20, 1, 1};
  scale.group_threads = {256, 1, 1};
  const double scaling = median_seconds([&] { msl::run_threadgroups(*object->find("scale"), scale); });
  fmt::print("threads             {:8.2f} M/s   (one line of arithmetic, 256 a threadgroup)\n",
             (1 << 20) / scaling / 1e6);
  msl::Launch multiply;
  multiply.buffers = {a.data(), b.data(), c.data()};
  multiply.threads = {32 * 32, 32, 1};
  multiply.group_threads = {32, 1, 1};
  const double product = median_seconds([&] { msl::run_threadgroups(*object->find("multiply"), multiply); });
  fmt::print("multiply-adds       {:8.3f} G/s   (simdgroup_matrix, 256 x 256 x 256)\n",
             256.0 * 256 * 256 / product / 1e9);
  return kGood;
}

}  // namespace

void add_bench(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("bench", "Measure the emulation on one core of this machine");
  command->callback([&status] { status = bench(); });
}

}  // namespace metalhost::tool
