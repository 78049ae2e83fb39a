#pragma once

#include <cmath>
#include <vector>

#include "autograd/tape.h"
#include "conformance/tolerance.h"
#include "metal_fixture.h"
#include "ops/cast.h"

// Results on Metal, by our own kernels alone unless a backend is given, against those of the CPU backend.
namespace temper::testing {

inline const std::shared_ptr<Backend>& own_backend() {
  static const std::shared_ptr<Backend> backend =
      open_backend({DeviceType::metal, 0}, {.threads = 2, .gemm = GemmChoice::own});
  return backend;
}

inline const std::shared_ptr<Backend>& cpu_backend() {
  static const std::shared_ptr<Backend> backend = open_backend({DeviceType::cpu, 0}, {.threads = 2});
  return backend;
}

/// Numbers of [-1, 1) on a grid that f16 holds.
inline Tensor grid_values(Context& ctx, DType dtype, const Shape& shape, unsigned seed) {
  return cast(ctx, upload(ctx, numbers(static_cast<size_t>(shape.elements()), seed), shape), dtype);
}

/// `work(inputs as leaves)` and its gradients by each input, from one of the result that a seed gives.
template <class Work>
std::vector<Tensor> with_gradients(Context& ctx, std::vector<Tensor> inputs, const Work& work, unsigned seed = 9) {
  Tape tape;
  const Context::TapeScope on(ctx, &tape);
  for (Tensor& input : inputs) input = tape.leaf(input);
  const Tensor y = work(inputs);
  const Tensor dy = grid_values(ctx, y.dtype(), y.shape(), seed);
  const Gradients grads = tape.backward(ctx, {&y, 1}, {&dy, 1});
  std::vector<Tensor> results = {y.detached()};
  for (const Tensor& input : inputs) results.push_back(grads.of(input));
  return results;
}

/// What `work` returns on `backend` and on the CPU must agree within the table of tolerances; `terms` a sum.
template <class Work>
void expect_like_cpu(const std::shared_ptr<Backend>& metal, DType dtype, int64_t terms, const Work& work) {
  const auto results_on = [&](const std::shared_ptr<Backend>& backend) {
    Context ctx(backend);
    std::vector<std::vector<float>> results;
    for (const Tensor& tensor : work(ctx)) results.push_back(read<float>(ctx, cast(ctx, tensor, DType::f32)));
    return results;
  };
  const std::vector<std::vector<float>> got = results_on(metal), want = results_on(cpu_backend());
  ASSERT_EQ(got.size(), want.size());
  // The table's bounds are for 100 terms; errors grow with their root.
  const double growth = std::sqrt(std::max(1.0, static_cast<double>(terms) / 100.0));
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(got[i].size(), want[i].size());
    double largest = 0.0;
    for (const float value : want[i]) largest = std::max(largest, double{std::abs(value)});
    for (size_t j = 0; j < want[i].size(); ++j) {
      const double allowed = growth * allowed_gradient_error(Accuracy::product, dtype, double{want[i][j]}, largest);
      ASSERT_NEAR(got[i][j], want[i][j], allowed) << "result " << i << ", element " << j;
    }
  }
}

template <class Work>
void expect_like_cpu(DType dtype, int64_t terms, const Work& work) {
  expect_like_cpu(own_backend(), dtype, terms, work);
}

}  // namespace temper::testing
