#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "conformance/record.h"
#include "device/transfer.h"
#include "ops/argmax.h"
#include "ops/gather_rows.h"
#include "ops/pick.h"
#include "ops/top_k.h"

namespace temper::conformance {
namespace {

Tensor ids_on(Context& ctx, std::vector<int32_t> values) {
  const auto n = static_cast<int64_t>(values.size());
  return upload(ctx, values, {n});
}

/// The code of what `work` throws when its result is read.
template <class Work>
ErrorCode code_of(Context& ctx, Work work) {
  try {
    work();
    ctx.stream().synchronize();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

TEST(Pick, AnIdPastTheColumnsIsANumericErrorAtTheNextRead) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(code_of(ctx, [&] { pick(ctx, x, ids_on(ctx, {0, 2})); }), ErrorCode::numeric);
  EXPECT_EQ(read<float>(ctx, pick(ctx, x, ids_on(ctx, {1, -1}))), (std::vector<float>{2, 0}));
}

TEST(GatherRows, AnIdOutsideTheRowsIsANumericErrorAtTheNextRead) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  for (const int32_t bad : {-1, 2, 1 << 30})
    EXPECT_EQ(code_of(ctx, [&] { gather_rows(ctx, x, ids_on(ctx, {0, bad})); }), ErrorCode::numeric);
  EXPECT_EQ(code_of(ctx, [&] { scatter_add_rows(ctx, x, ids_on(ctx, {0, 5}), 5); }), ErrorCode::numeric);
}

TEST(Argmax, NaNIsANumericError) {
  Context ctx(open_backend({}));
  const Tensor x = upload(ctx, std::vector<float>{1, NAN, 3, 4}, {2, 2});
  EXPECT_EQ(code_of(ctx, [&] { argmax(ctx, x); }), ErrorCode::numeric);
  EXPECT_EQ(code_of(ctx, [&] { top_k(ctx, x, 1); }), ErrorCode::numeric);
}

TEST(Argmax, OfNoColumnsIsAShapeError) {
  Context ctx(open_backend({}));
  EXPECT_EQ(code_of(ctx, [&] { argmax(ctx, upload(ctx, std::vector<float>{}, {2, 0})); }), ErrorCode::shape_mismatch);
}

}  // namespace
}  // namespace temper::conformance
