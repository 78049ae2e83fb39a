// That the deferred stream would notice a missing hazard: each kind left out must change the result of some seed, and
// with all kinds tracked none ever does.
#include <gtest/gtest.h>

#include <cstring>

#include "device/transfer.h"
#include "ops/accumulate.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace temper {
namespace {

/// Work that reuses pooled memory in every way: read after write (chains), write after read (a result dropped once it
/// has been read, its memory given to independent work), write after write (a result dropped unread).
std::vector<float> mixed_work(const StreamOptions& options) {
  Context ctx(open_backend({}, {.threads = 1}), options);
  std::vector<float> values(100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.01f;
  const Tensor x = upload(ctx, values, {100});
  State sum = State::zeros(ctx, DType::f32, {100});
  Tensor y = x;
  for (int round = 0; round < 4; ++round) {
    Tensor hidden = silu(ctx, y);
    y = add(ctx, hidden, x);
    hidden = Tensor();
    const Tensor independent = scale(ctx, x, 3.0 + round);
    { const Tensor unread = tanh(ctx, x); }
    const Tensor late = exp(ctx, x);
    accumulate_(ctx, sum, 0, independent);
    accumulate_(ctx, sum, 0, late);
    accumulate_(ctx, sum, 0, y);
  }
  return read<float>(ctx, sum.tensor());
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The first seed whose result differs from the immediate one; -1 if none of 30 does.
int first_difference(const HazardKinds& hazards, bool poison) {
  const std::vector<float> want = mixed_work({});
  for (int seed = 0; seed < 30; ++seed)
    if (!same_bits(want, mixed_work({.deferred = true,
                                     .shuffle_seed = static_cast<uint64_t>(seed),
                                     .poison_memory = poison,
                                     .hazards = hazards})))
      return seed;
  return -1;
}

TEST(HazardCoverage, AllKindsTrackedNeverDiffers) {
  EXPECT_EQ(first_difference({}, true), -1);
  EXPECT_EQ(first_difference({}, false), -1);
}

TEST(HazardCoverage, AMissingReadAfterWriteIsCaught) {
  EXPECT_NE(first_difference({.read_after_write = false}, true), -1);
  EXPECT_NE(first_difference({.read_after_write = false}, false), -1);
}

TEST(HazardCoverage, AMissingWriteAfterReadIsCaught) {
  EXPECT_NE(first_difference({.write_after_read = false}, true), -1);
  EXPECT_NE(first_difference({.write_after_read = false}, false), -1);
}

TEST(HazardCoverage, AMissingWriteAfterWriteIsCaught) {
  EXPECT_NE(first_difference({.write_after_write = false}, true), -1);
  EXPECT_NE(first_difference({.write_after_write = false}, false), -1);
}

}  // namespace
}  // namespace temper
