// Ops and views that only move values: copy, cast, fill, pad, reshape, transpose, slice, broadcast_to, concat.
#include "conformance/record.h"
#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/copy.h"
#include "ops/fill.h"
#include "ops/pad.h"
#include "ops/view.h"

namespace temper::conformance {
namespace {

const std::vector<DType> kAllTypes = {DType::f32, DType::f16, DType::bf16, DType::f64};

std::vector<Sample> any_shapes() {
  return {{"odd", {uniform({3, 5, 7}, 1)}},
          {"one element", {array({1, 1, 1}, {-1})}},
          {"empty", {uniform({2, 0, 3}, 1)}, false},
          {"extreme", {array({1, 2, 2}, {-INFINITY, 1e-40, 6e4, NAN})}, false}};
}

template <class Run, class Reference>
OpRecord movement_record(const std::string& name, const std::vector<Sample>& samples, Run run, Reference reference) {
  return {
      .name = name,
      .samples = samples,
      .dtypes = kAllTypes,
      .run = [run](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {run(ctx, in[0])}; },
      .reference = [reference](const std::vector<Array>& in) -> std::vector<Array> { return {reference(in[0])}; },
      .differentiable = {0},
      .accuracy = Accuracy::exact,
  };
}

Array transposed_reference(const Array& x) {
  const int64_t a = x.shape[0], b = x.shape[1], c = x.shape[2];
  Array y = filled({c, b, a}, 0);
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j)
      for (int64_t k = 0; k < c; ++k) y[(k * b + j) * a + i] = x[(i * b + j) * c + k];
  return y;
}

/// Elements [begin, end) of dimension 1 of 3, out of range ones zero.
Array window_reference(const Array& x, int64_t begin, int64_t end) {
  const int64_t a = x.shape[0], b = x.shape[1], c = x.shape[2];
  Array y = filled({a, end - begin, c}, 0);
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = std::max<int64_t>(0, begin); j < std::min(b, end); ++j)
      for (int64_t k = 0; k < c; ++k) y[(i * (end - begin) + j - begin) * c + k] = x[(i * b + j) * c + k];
  return y;
}

}  // namespace

void register_movement(std::vector<OpRecord>& records) {
  records.push_back(movement_record(
      "copy", any_shapes(), [](Context& ctx, const Tensor& x) { return copy(ctx, transpose(ctx, x, 0, 2)); },
      transposed_reference));
  records.push_back(movement_record(
      "transpose", any_shapes(), [](Context& ctx, const Tensor& x) { return transpose(ctx, x, 0, 2); },
      transposed_reference));
  records.push_back(movement_record(
      "reshape", any_shapes(),
      [](Context& ctx, const Tensor& x) {
        return reshape(ctx, x, {x.dim(0) * x.dim(1), x.dim(2), 1});
      },
      [](const Array& x) {
        return Array{{x.shape[0] * x.shape[1], x.shape[2], 1}, x.values};
      }));
  records.push_back(movement_record(
      "slice", {{"odd", {uniform({3, 5, 7}, 1)}}, {"tight", {uniform({2, 3, 1}, 1)}}},
      [](Context& ctx, const Tensor& x) { return slice(ctx, x, 1, 1, 3); },
      [](const Array& x) { return window_reference(x, 1, 3); }));
  records.push_back(movement_record(
      "pad", any_shapes(), [](Context& ctx, const Tensor& x) { return pad(ctx, x, 1, 2, 1); },
      [](const Array& x) { return window_reference(x, -2, x.shape[1] + 1); }));
  OpRecord broadcast = movement_record(
      "broadcast_to", {{"column", {uniform({3, 1}, 1)}}, {"one element", {array({1, 1}, {2})}}},
      [](Context& ctx, const Tensor& x) {
        return broadcast_to(ctx, x, {2, x.dim(0), 4});
      },
      [](const Array& x) {
        Array y = filled({2, x.shape[0], 4}, 0);
        for (int64_t i = 0; i < y.elements(); ++i) y[i] = x[i / 4 % x.shape[0]];
        return y;
      });
  broadcast.accuracy = Accuracy::reduction;  // of the gradient, which sums
  records.push_back(broadcast);
  for (const DType to : kAllTypes) {
    OpRecord record = movement_record(
        "cast to " + std::string(name_of(to)), any_shapes(),
        [to](Context& ctx, const Tensor& x) { return cast(ctx, x, to); }, [](const Array& x) { return x; });
    record.accuracy = Accuracy::rounded;
    // Steps of a finite difference drown in the rounding.
    if (to != DType::f64)
      for (Sample& sample : record.samples) sample.smooth = false;
    record.samples.push_back({"several slices", {uniform({40000}, 1)}, false});
    records.push_back(record);
  }
  records.push_back({
      .name = "cast i32 to f32",
      .samples = {{"values", {ids({2, 3}, {0, -1, 7, 1 << 20, -(1 << 24), 3})}}},
      .dtypes = {DType::i32},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {cast(ctx, in[0], DType::f32), cast(ctx, in[0], DType::i64)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        return {in[0], in[0]};
      },
      .accuracy = Accuracy::exact,
  });
  records.push_back({
      .name = "fill",
      .samples = {{"shape of the input", {uniform({3, 5}, 1)}}, {"empty", {uniform({0}, 1)}}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> {
        return {full(ctx, in[0].dtype(), in[0].shape(), -1.5), full(ctx, DType::i32, in[0].shape(), 7)};
      },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        return {filled(in[0].shape, -1.5), filled(in[0].shape, 7)};
      },
      .accuracy = Accuracy::exact,
  });
  records.push_back({
      .name = "concat",
      .samples = {{"middle", {uniform({3, 2, 5}, 1), uniform({3, 4, 5}, 2), uniform({3, 1, 5}, 3)}},
                  {"an empty part", {uniform({2, 0, 3}, 1), uniform({2, 2, 3}, 2), uniform({2, 1, 3}, 3)}, false},
                  {"all empty", {uniform({2, 1, 0}, 1), uniform({2, 2, 0}, 2), uniform({2, 3, 0}, 3)}, false}},
      .run = [](Context& ctx, const std::vector<Tensor>& in) -> std::vector<Tensor> { return {concat(ctx, in, -2)}; },
      .reference = [](const std::vector<Array>& in) -> std::vector<Array> {
        Array y{{in[0].shape[0], in[0].shape[1] + in[1].shape[1] + in[2].shape[1], in[0].shape[2]}, {}};
        for (int64_t i = 0; i < y.shape[0]; ++i)
          for (const Array& part : in)
            for (int64_t j = 0; j < part.shape[1] * part.shape[2]; ++j)
              y.values.push_back(part[i * part.shape[1] * part.shape[2] + j]);
        return {y};
      },
      .differentiable = {0, 1, 2},
      .accuracy = Accuracy::exact,
  });
}

}  // namespace temper::conformance
