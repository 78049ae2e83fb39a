// Data that a kernel finds wrong while it runs: on every device, stream and number of threads the same error at the
// next read, and a stream that works on.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <ostream>

#include "conformance/record.h"
#include "conformance/samples.h"
#include "device/cpu/memory.h"
#include "device/op_specs/attention.h"
#include "device/op_specs/pick.h"
#include "device/transfer.h"
#include "ops/argmax.h"
#include "ops/attention.h"
#include "ops/embedding.h"
#include "ops/gather_rows.h"
#include "ops/kv_write.h"
#include "ops/linear_cross_entropy.h"
#include "ops/pick.h"
#include "ops/sample.h"
#include "ops/segment_mask.h"
#include "ops/top_k.h"

namespace temper::conformance {
namespace {

// Rows enough that several threads share them; everything from kFirstBad on is wrong.
constexpr int64_t kRows = 3000;
constexpr int64_t kFirstBad = 700;
constexpr int64_t kColumns = 8;

/// 0 up to kFirstBad, then wrong ones that tell themselves apart.
Tensor ids(Context& ctx, int32_t first_wrong) {
  std::vector<int32_t> values(kRows, 0);
  for (size_t i = kFirstBad; i < kRows; ++i) values[i] = first_wrong + static_cast<int32_t>(i - kFirstBad);
  return upload(ctx, values, {kRows});
}

/// Ones, with `wrong` in the column of its number (modulo kColumns) of each wrong row.
Tensor logits(Context& ctx, float wrong) {
  std::vector<float> values(kRows * kColumns, 1.0f);
  for (size_t i = kFirstBad; i < kRows; ++i) values[i * kColumns + i % kColumns] = wrong;
  return upload(ctx, values, {kRows, kColumns});
}

Tensor ones(Context& ctx, const Shape& shape) {
  return upload(ctx, std::vector<float>(static_cast<size_t>(shape.elements()), 1.0f), shape);
}

WeightHandle table(Context& ctx) {
  return stored(ctx, weight_values(kColumns, 4, 55), QuantType::f32);
}

struct Fault {
  std::string op;
  std::string message;
  std::function<Tensor(Context&)> run;
  /// The last element of what stands in for the result; none: some finite loss.
  std::optional<double> stand_in = 0.0;

  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.op; }
};

/// Output 0 of a kernel that ops reach only behind a fault of their forward pass.
template <class Spec>
Tensor run_kernel(Context& ctx, const std::vector<Tensor>& inputs, const std::vector<TensorSpec>& results,
                  const typename Spec::Attrs& attrs) {
  std::vector<Operand> in, out;
  for (const Tensor& input : inputs) in.push_back(operand(input));
  for (const TensorSpec& result : results) out.push_back({ctx.stream().allocate(result.bytes()), result});
  ctx.backend().kernels().find<Spec>()->encode(ctx.stream().encoder(), in, out, attrs);
  return Tensor(out[0].buffer, out[0].spec);
}

const std::string kSegmentText = "attention: segment 1 {1,2,0,5} is not inside of 2 queries and 4 keys";

Tensor segments(Context& ctx) {
  return upload(ctx, std::vector<int32_t>{0, 1, 0, 4, 1, 2, 0, 5}, {2, 4});
}

const std::vector<Fault>& faults() {
  static const std::vector<Fault> list{
      {"embedding", "embedding(i32[3000]): token id 8 is not below the vocabulary's 8",
       [](Context& c) { return embedding(c, table(c), ids(c, 8), DType::f32); }},
      {"embedding_negative", "embedding(i32[3000]): token id -5000 is negative",
       [](Context& c) { return embedding(c, table(c), ids(c, -5000), DType::f32); }},
      {"gather_rows", "gather_rows(f32[2,3], i32[3000]): id 2 at position 700 lies outside [0, 2); wrong vocabulary?",
       [](Context& c) {
         return gather_rows(c, ones(c, {2, 3}), ids(c, 2));
       }},
      {"scatter_add_rows",
       "scatter_add_rows(f32[3000,3], i32[3000]): id 5 at position 700 lies outside [0, 5); wrong vocabulary?",
       [](Context& c) {
         return scatter_add_rows(c, ones(c, {kRows, 3}), ids(c, 5), 5);
       }},
      {"pick", "pick(f32[3000,8], i32[3000]): id 8 in row 700 is not below 8; wrong vocabulary?",
       [](Context& c) {
         return pick(c, ones(c, {kRows, kColumns}), ids(c, 8));
       }},
      {"argmax", "argmax(f32[3000,8]): NaN in column 4 of row 700",
       [](Context& c) { return argmax(c, logits(c, NAN)); }},
      {"top_k", "top_k(f32[3000,8]): NaN in column 4 of row 700",
       [](Context& c) { return top_k(c, logits(c, NAN), 2).values; }},
      {"sample_not_finite", "sample(f32[3000,8], f32[3000,4], i64[2]): row 700 holds a NaN or infinite logit",
       [](Context& c) { return sample(c, logits(c, INFINITY), SampleAttrs{}); }},
      {"sample_parameters",
       "sample(f32[1,2], f32[1,4], i64[2]): row 0: temperature -1, top_k 2, top_p 0.5, min_p 0.25 are outside their "
       "domain",
       [](Context& c) {
         return sample(c, ones(c, {1, 2}), upload(c, std::vector<float>{-1, 2, 0.5f, 0.25f}, {1, 4}));
       }},
      {"sample_no_token",
       "sample(f32[1,2], f32[1,4], i64[2]): row 0 leaves no token to draw, all its logits are -infinity",
       [](Context& c) {
         return sample(c, upload(c, std::vector<float>(2, -INFINITY), {1, 2}), SampleAttrs{});
       }},
      {"repetition_penalty",
       "repetition_penalty(f32[1,2], i32[1,2]): history token 2 of row 0 is not below 2; wrong vocabulary?",
       [](Context& c) {
         return repetition_penalty(c, upload(c, std::vector<float>(2, 0.0f), {1, 2}),
                                   upload(c, std::vector<int32_t>{2, 9}, {1, 2}), 2.0f);
       }},
      {"linear_cross_entropy", "linear_cross_entropy(f32[3000,4], i32[3000]): target 8 is not below the vocabulary's 8",
       [](Context& c) {
         return linear_cross_entropy(c, ones(c, {kRows, 4}), table(c), ids(c, 8));
       },
       std::nullopt},
      {"attention", "attention(f32[2,1,4], f32[4,1,4], f32[4,1,4], i32[2,4]): " + kSegmentText,
       [](Context& c) {
         return attention(c, ones(c, {2, 1, 4}), ones(c, {4, 1, 4}), ones(c, {4, 1, 4}), segments(c), {});
       }},
      {"attention_backward",
       "attention_backward(f32[2,1,4], f32[2,1,4], f32[4,1,4], f32[4,1,4], f32[2,1,4], f32[1,2], i32[2,4]): " +
           kSegmentText,
       [](Context& c) {
         const Tensor q = ones(c, {2, 1, 4}), k = ones(c, {4, 1, 4});
         return run_kernel<specs::AttentionBackward>(c, {q, q, k, k, q, ones(c, {1, 2}), segments(c)},
                                                     {q.spec(), k.spec(), k.spec()}, {});
       }},
      {"pick_backward", "pick_backward(f32[3000], i32[3000]): id 8 in row 700 is not below 8; wrong vocabulary?",
       [](Context& c) {
         return run_kernel<specs::PickBackward>(c, {ones(c, {kRows}), ids(c, 8)}, {spec(DType::f32, {kRows, kColumns})},
                                                {.columns = kColumns});
       }},
      {"segment_mask", "segment_mask(i32[2,4]): " + kSegmentText,
       [](Context& c) { return segment_mask(c, segments(c), {.queries = 2, .keys = 4}); }, -INFINITY},
      {"kv_write",
       "kv_write_(f32[4,1,2], f32[2,1,2], i32[2]): row 4 is not in the cache's 4; the sequence is longer "
       "than planned?",
       [](Context& c) {
         State cache = State::zeros(c, DType::f32, {4, 1, 2});
         kv_write_(c, cache, ones(c, {2, 1, 2}), upload(c, std::vector<int32_t>{1, 4}, {2}));
         return cache.tensor();
       }},
  };
  return list;
}

class Faults : public testing::TestWithParam<Fault> {
 protected:
  static std::string message_of_read(Context& ctx, const Tensor& x) {
    try {
      std::vector<std::byte> bytes(x.spec().bytes());
      read_bytes(ctx, x, bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::numeric);
      return error.what();
    }
    return "no error";
  }
  /// The error of the op at the read, and good work on the same stream before and after it.
  static void expect_error(Context& ctx) {
    const Tensor good = ones(ctx, {2, 3});
    const Tensor before = gather_rows(ctx, good, upload(ctx, std::vector<int32_t>{1}, {1}));
    const Tensor result = GetParam().run(ctx);
    const Tensor after = gather_rows(ctx, good, upload(ctx, std::vector<int32_t>{0}, {1}));
    EXPECT_EQ(message_of_read(ctx, result), GetParam().message);
    EXPECT_EQ(read<float>(ctx, before), std::vector<float>(3, 1.0f));
    EXPECT_EQ(read<float>(ctx, after), std::vector<float>(3, 1.0f));
    EXPECT_NO_THROW(ctx.stream().synchronize());
  }
};

TEST_P(Faults, SurfaceAtTheReadOnEveryDeviceAndTheStreamWorksOn) {
  for (const DeviceType device : available_devices()) {
    SCOPED_TRACE(to_string(Device{device, 0}));
    Context ctx(open_backend({device, 0}));
    expect_error(ctx);
  }
}

TEST_P(Faults, AreTheSameInEveryOrderThatBarriersAllow) {
  const auto backend = open_backend({});
  for (uint64_t seed = 0; seed < 5; ++seed) {
    Context ctx(backend, {.deferred = true, .shuffle_seed = seed});
    expect_error(ctx);
  }
}

TEST_P(Faults, TheLowestPositionIsNamedOnAnyNumberOfThreads) {
  for (const int threads : {1, 2, 4}) {
    const auto backend = open_backend({}, {.threads = threads});
    for (int repeat = 0; repeat < 10; ++repeat) {
      Context ctx(backend);
      EXPECT_EQ(message_of_read(ctx, GetParam().run(ctx)), GetParam().message) << threads << " threads";
    }
  }
}

TEST_P(Faults, LeaveSomethingDefined) {
  Context ctx(open_backend({}), {.deferred = true});  // whose fresh outputs are NaN
  const Tensor result = GetParam().run(ctx);
  EXPECT_THROW(ctx.stream().synchronize(), Error);
  const int64_t n = result.elements();
  if (result.dtype() == DType::i32) {
    EXPECT_EQ(cpu::data_of<const int32_t>(operand(result))[n - 1], *GetParam().stand_in);
    return;
  }
  const auto* values = cpu::data_of<const float>(operand(result));
  EXPECT_FALSE(std::any_of(values, values + n, [](float value) { return std::isnan(value); }));
  if (GetParam().stand_in) EXPECT_EQ(double{values[n - 1]}, *GetParam().stand_in);
}

INSTANTIATE_TEST_SUITE_P(Ops, Faults, testing::ValuesIn(faults()), [](const auto& info) { return info.param.op; });

TEST(FaultOrder, TheEarliestLaunchIsNamedInEveryShuffle) {
  const auto backend = open_backend({});
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Context ctx(backend, {.deferred = true, .shuffle_seed = seed});
    const Tensor good = ones(ctx, {2, 3});
    std::vector<Tensor> results;
    for (const int32_t bad : {5, 6, 7, 8})
      results.push_back(gather_rows(ctx, good, upload(ctx, std::vector<int32_t>{bad}, {1})));
    try {
      ctx.stream().synchronize();
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(),
                   "gather_rows(f32[2,3], i32[1]): id 5 at position 0 lies outside [0, 2); wrong vocabulary?");
    }
    // Each has a reason of its own why it can't be read.
    try {
      read<float>(ctx, results[2]);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("id 7"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace temper::conformance
