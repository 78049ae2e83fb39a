#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "device/context.h"
#include "device/cpu/stream.h"
#include "device/transfer.h"
#include "temper/error.h"

// Kernels of a few lines, launched straight into a CPU stream, for tests of streams and memory.
namespace temper::cpu {

inline Tensor vector_of(Context& ctx, std::vector<float> values) {
  const auto n = static_cast<int64_t>(values.size());
  return upload(ctx, values, {n});
}

/// The same as memory that launches update.
inline Tensor state_of(Context& ctx, std::vector<float> values) {
  Tensor state = vector_of(ctx, std::move(values));
  state.buffer()->bump_version();
  return state;
}

/// body(inputs' elements, output's elements, n); the output is a fresh vector of n floats.
using Elements = std::function<void(const std::vector<const float*>& in, float* out, int64_t n)>;

inline Tensor launch(Context& ctx, std::string_view op, const std::vector<Tensor>& inputs, int64_t n, Elements body) {
  const TensorSpec result = spec(DType::f32, {n});
  std::vector<Operand> in;
  std::vector<const float*> data;
  for (const Tensor& input : inputs) {
    in.push_back(operand(input));
    data.push_back(data_of<const float>(in.back()));
  }
  Operand out{ctx.stream().allocate(result.bytes()), result};
  float* to = data_of<float>(out);
  cpu_encoder(ctx.stream().encoder()).launch(op, in, std::span(&out, 1), [=](ThreadPool&) { body(data, to, n); });
  return Tensor(out.buffer, out.spec);
}

/// For `launch`: work that fails.
[[noreturn]] inline void throw_numeric(const std::vector<const float*>&, float*, int64_t) {
  throw Error(ErrorCode::numeric, "the number is wrong");
}

/// A kernel that finds its data wrong: zeros, and the report of each of `positions` with itself as detail.
inline Tensor faulty(Context& ctx, std::string_view op, const std::vector<Tensor>& inputs, int64_t n,
                     std::vector<int32_t> positions = {0}) {
  const TensorSpec result = spec(DType::f32, {n});
  std::vector<Operand> in;
  for (const Tensor& input : inputs) in.push_back(operand(input));
  Operand out{ctx.stream().allocate(result.bytes()), result};
  auto* to = data_of<float>(out);
  const auto message = [](const FaultRecord& fault) {
    return fmt::format("{} at {} is wrong", fault.details[0], fault.position);
  };
  cpu_encoder(ctx.stream().encoder())
      .launch_checked(op, in, std::span(&out, 1), message, [=](ThreadPool& pool, FaultReport& faults) {
        std::fill_n(to, n, 0.0f);
        pool.run(static_cast<int64_t>(positions.size()), [&](int64_t i) {
          const int32_t position = positions[static_cast<size_t>(i)];
          faults(position, {position});
        });
      });
  return Tensor(out.buffer, out.spec);
}

/// x + addend.
inline Tensor plus(Context& ctx, const Tensor& x, float addend) {
  return launch(ctx, "plus", {x}, x.elements(), [addend](const auto& in, float* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = in[0][i] + addend;
  });
}

/// x += addend, in x's own memory.
inline void add_in_place(Context& ctx, const Tensor& x, float addend) {
  const Operand target = operand(x);
  auto* data = data_of<float>(target);
  const int64_t n = x.elements();
  cpu_encoder(ctx.stream().encoder())
      .launch("add_in_place", std::span(&target, 1), std::span(&target, 1), [=](ThreadPool&) {
        for (int64_t i = 0; i < n; ++i) data[i] += addend;
      });
}

/// x = value, whatever x held.
inline void overwrite(Context& ctx, const Tensor& x, float value) {
  const Operand target = operand(x);
  auto* data = data_of<float>(target);
  const int64_t n = x.elements();
  cpu_encoder(ctx.stream().encoder()).launch("overwrite", {}, std::span(&target, 1), [=](ThreadPool&) {
    std::fill_n(data, n, value);
  });
}

/// What a read of `x` throws, which is Error{numeric}.
inline std::string message_of_read(Context& ctx, const Tensor& x) {
  try {
    read<float>(ctx, x);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::numeric);
    return error.what();
  }
  return "no error";
}

}  // namespace temper::cpu
