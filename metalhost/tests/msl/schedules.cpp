// The order of threads does not matter to a kernel without races; and what the emulation makes a second.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "msl/compiler/compile.h"
#include "msl/runner/threadgroups.h"

namespace {

using namespace metalhost::msl;

constexpr const char* kMatmul = R"(#include <metal_stdlib>
using namespace metal;
kernel void matmul(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]], device float* c [[buffer(2)]],
                   constant uint3& size [[buffer(3)]], uint2 tile [[threadgroup_position_in_grid]],
                   ushort tid [[thread_index_in_threadgroup]], ushort group [[simdgroup_index_in_threadgroup]]) {
  threadgroup float left[32 * 16];
  threadgroup float right[16 * 32];
  const uint row = tile.y * 32, column = tile.x * 32;
  const ushort r = (group / 2) * 16, q = (group % 2) * 16;
  simdgroup_float8x8 sum[2][2];
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) sum[i][j] = simdgroup_float8x8(0.0f);
  for (uint k = 0; k < size.z; k += 16) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort i = tid; i < 512; i += 128) left[i] = a[(row + i / 16) * size.z + k + i % 16];
    for (ushort i = tid; i < 512; i += 128) right[i] = b[(k + i / 32) * size.y + column + i % 32];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (ushort kk = 0; kk < 16; kk += 8) {
      simdgroup_float8x8 m[2], n[2];
      for (int i = 0; i < 2; i++) {
        simdgroup_load(m[i], left + (r + 8 * i) * 16 + kk, 16);
        simdgroup_load(n[i], right + kk * 32 + q + 8 * i, 32);
      }
      for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) simdgroup_multiply_accumulate(sum[i][j], m[i], n[j], sum[i][j]);
    }
  }
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) {
    simdgroup_store(sum[i][j], c + (row + r + 8 * i) * size.y + column + q + 8 * j, size.y);
  }
}
)";

std::vector<float> product(Schedule schedule, uint32_t m, uint32_t n, uint32_t k, uint64_t seed = 0) {
  auto object = compile(kMatmul);
  std::vector<float> a(m * k), b(k * n), c(m * n);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i * 37 % 101) / 101;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i * 53 % 97) / 97;
  uint32_t size[4] = {m, n, k, 0};
  Launch launch;
  launch.buffers = {a.data(), b.data(), c.data(), size};
  launch.threads = {n / 32 * 128, m / 32, 1};
  launch.group_threads = {128, 1, 1};
  launch.schedule = schedule;
  launch.seed = seed;
  auto start = std::chrono::steady_clock::now();
  run_threadgroups(*object->find("matmul"), launch);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  testing::Test::RecordProperty("threads_per_second", std::to_string(m / 32.0 * n / 32.0 * 128 / seconds));
  std::printf("%u x %u x %u: %.3f G multiply-adds/s\n", m, n, k, 1e-9 * m * n * k / seconds);
  return c;
}

TEST(Schedules, AgreeBitForBit) {
  auto forward = product(Schedule::forward, 64, 64, 64);
  double expected = 0;
  for (uint32_t k = 0; k < 64; ++k)
    expected += double((3 * 64 + k) * 37 % 101) / 101 * (double((k * 64 + 5) * 53 % 97) / 97);
  EXPECT_NEAR(forward[3 * 64 + 5], expected, 1e-4);
  EXPECT_EQ(forward, product(Schedule::reverse, 64, 64, 64));
  for (uint64_t seed : {1, 2, 3}) EXPECT_EQ(forward, product(Schedule::random, 64, 64, 64, seed));
}

TEST(Schedules, DisagreeWhereABarrierIsMissing) {
  auto object = compile(R"(#include <metal_stdlib>
using namespace metal;
kernel void turn(device float* x [[buffer(0)]], uint tid [[thread_position_in_threadgroup]]) {
  threadgroup float s[64];
  s[tid] = x[tid];
  x[tid] = s[63 - tid];
}
)");
  std::vector<std::vector<float>> results;
  for (Schedule schedule : {Schedule::forward, Schedule::reverse}) {
    std::vector<float> x(64);
    for (std::size_t i = 0; i < 64; ++i) x[i] = static_cast<float>(i);
    Launch launch;
    launch.buffers = {x.data()};
    launch.threads = launch.group_threads = {64, 1, 1};
    launch.schedule = schedule;
    run_threadgroups(*object->find("turn"), launch);
    results.push_back(x);
  }
  EXPECT_NE(std::memcmp(results[0].data(), results[1].data(), 64 * sizeof(float)), 0);
}

}  // namespace
