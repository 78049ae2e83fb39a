#include "nn/token_batch.h"

#include <gtest/gtest.h>

#include "device/transfer.h"

namespace temper {
namespace {

TEST(TokenBatch, SequencesLieEndToEndEachWithPositionsOfItsOwn) {
  Context ctx(open_backend({}, {.threads = 1}));
  const std::vector<std::vector<int32_t>> sequences = {{7, 8, 9}, {}, {5}, {1, 2}};
  const TokenBatch batch = make_token_batch(ctx, sequences);
  EXPECT_EQ(read<int32_t>(ctx, batch.ids), (std::vector<int32_t>{7, 8, 9, 5, 1, 2}));
  EXPECT_EQ(read<int32_t>(ctx, batch.positions), (std::vector<int32_t>{0, 1, 2, 0, 0, 1}));
  EXPECT_EQ(read<int32_t>(ctx, batch.segments), (std::vector<int32_t>{0, 3, 0, 3, 3, 3, 3, 3, 3, 4, 3, 4, 4, 6, 4, 6}));
  EXPECT_EQ(batch.max_queries, 3);
  EXPECT_EQ(batch.max_keys, 3);
}

}  // namespace
}  // namespace temper
