#include "cli/self_check.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <limits>

#include "autograd/tape.h"
#include "base/philox.h"
#include "device/transfer.h"
#include "ops/attention.h"
#include "ops/cast.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "ops/rms_norm.h"
#include "ops/softmax.h"

namespace temper::cli {
namespace {

using Doubles = std::vector<double>;

/// A matrix on the host, row-major, whose values the device holds exactly.
struct Matrix {
  int64_t rows, columns;
  Doubles values;
  double operator()(int64_t row, int64_t column) const { return values[static_cast<size_t>(row * columns + column)]; }
};

double rounded_to(DType dtype, double value) {
  const auto x = static_cast<float>(value);
  return dtype == DType::bf16 ? to_f32(to_bf16(x)) : dtype == DType::f16 ? to_f32(to_f16(x)) : x;
}

class Checker {
 public:
  Checker(Context& ctx, DType dtype) : ctx_(ctx), dtype_(dtype) {}

  void run(const char* name, const std::function<double()>& largest_error) {
    Check check{.name = fmt::format("{}: {} {}", to_string(ctx_.device()), name, name_of(dtype_))};
    constexpr const char* kAdvice =
        "results on this device can't be trusted; try another --device, and report this with the output of temper info";
    try {
      const double error = largest_error();
      check.detail =
          fmt::format("differs from f64 by {:.1g} of the largest value, {:.1g} is allowed", error, tolerance());
      if (!(error <= tolerance())) check.status = Check::Status::fail;
    } catch (const Error& error) {
      check.status = Check::Status::fail;
      check.detail = error.what();
    }
    if (check.status == Check::Status::fail) check.advice = kAdvice;
    checks.push_back(std::move(check));
  }

  Matrix random(int64_t rows, int64_t columns) {
    Matrix matrix{rows, columns, {}};
    const RngKey key{2024, 0, site_++};
    for (int64_t i = 0; i < rows * columns; ++i)
      matrix.values.push_back(rounded_to(dtype_, 2.0 * key.uniform(static_cast<uint64_t>(i)) - 1.0));
    return matrix;
  }

  Tensor put(const Matrix& matrix, const Shape& shape) {
    const std::vector<float> floats(matrix.values.begin(), matrix.values.end());
    return cast(ctx_, upload(ctx_, floats, shape), dtype_);
  }
  Tensor put(const Matrix& matrix) { return put(matrix, {matrix.rows, matrix.columns}); }

  /// Largest difference over the largest reference; infinite for a value that isn't a number.
  double error(const Tensor& tensor, const Doubles& reference) {
    const std::vector<float> values = read<float>(ctx_, cast(ctx_, tensor, DType::f32));
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) return std::numeric_limits<double>::infinity();
      worst = std::max(worst, std::abs(values[i] - reference[i]));
      largest = std::max(largest, std::abs(reference[i]));
    }
    return worst / largest;
  }

  Context& ctx() { return ctx_; }
  DType dtype() const { return dtype_; }
  std::vector<Check> checks;

 private:
  /// A few roundings of the type; sums are in f32.
  double tolerance() const { return dtype_ == DType::bf16 ? 0x1p-6 : dtype_ == DType::f16 ? 0x1p-9 : 1e-5; }

  Context& ctx_;
  DType dtype_;
  uint32_t site_ = 0;
};

/// a b, or a b^T.
Matrix product(const Matrix& a, const Matrix& b, bool transpose_b = false) {
  Matrix c{a.rows, transpose_b ? b.rows : b.columns, {}};
  for (int64_t i = 0; i < c.rows; ++i)
    for (int64_t j = 0; j < c.columns; ++j) {
      double sum = 0.0;
      for (int64_t k = 0; k < a.columns; ++k) sum += a(i, k) * (transpose_b ? b(j, k) : b(k, j));
      c.values.push_back(sum);
    }
  return c;
}

Matrix transposed(const Matrix& a) {
  Matrix t{a.columns, a.rows, {}};
  for (int64_t i = 0; i < t.rows; ++i)
    for (int64_t j = 0; j < t.columns; ++j) t.values.push_back(a(j, i));
  return t;
}

/// a + scale b
Matrix sum(const Matrix& a, double scale, const Matrix& b) {
  Matrix result = a;
  for (size_t i = 0; i < result.values.size(); ++i) result.values[i] += scale * b.values[i];
  return result;
}

Matrix times(double scale, Matrix a) {
  for (double& value : a.values) value *= scale;
  return a;
}

double check_matmul(Checker& c) {
  const Matrix a = c.random(37, 130), b = c.random(130, 65);
  return c.error(matmul(c.ctx(), c.put(a), c.put(b)), product(a, b).values);
}

double check_softmax(Checker& c) {
  const Matrix x = c.random(19, 77);
  Doubles reference;
  for (int64_t i = 0; i < x.rows; ++i) {
    double total = 0.0;
    for (int64_t j = 0; j < x.columns; ++j) total += std::exp(x(i, j));
    for (int64_t j = 0; j < x.columns; ++j) reference.push_back(std::exp(x(i, j)) / total);
  }
  return c.error(softmax(c.ctx(), c.put(x)), reference);
}

double check_rms_norm(Checker& c) {
  constexpr float kEps = 1e-5f;
  const Matrix x = c.random(19, 77), w = c.random(1, 77);
  Doubles reference;
  for (int64_t i = 0; i < x.rows; ++i) {
    double squares = 0.0;
    for (int64_t j = 0; j < x.columns; ++j) squares += x(i, j) * x(i, j);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.columns) + double{kEps});
    for (int64_t j = 0; j < x.columns; ++j) reference.push_back(x(i, j) * scale * w(0, j));
  }
  return c.error(rms_norm(c.ctx(), c.put(x), c.put(w, {x.columns}), kEps), reference);
}

/// Causal, four query heads on two key heads, two sequences of different lengths.
double check_attention(Checker& c) {
  constexpr int64_t kTokens = 41, kFirst = 17, kHeads = 4, kKvHeads = 2, kWidth = 32;
  const double scale = 1.0 / std::sqrt(double{kWidth});
  const Matrix q = c.random(kTokens, kHeads * kWidth);
  const Matrix k = c.random(kTokens, kKvHeads * kWidth), v = c.random(kTokens, kKvHeads * kWidth);
  Doubles reference;
  for (int64_t t = 0; t < kTokens; ++t)
    for (int64_t h = 0; h < kHeads; ++h) {
      const int64_t kv = h / (kHeads / kKvHeads) * kWidth, begin = t < kFirst ? 0 : kFirst;
      Doubles weights, out(kWidth, 0.0);
      double total = 0.0;
      for (int64_t s = begin; s <= t; ++s) {
        double dot = 0.0;
        for (int64_t d = 0; d < kWidth; ++d) dot += q(t, h * kWidth + d) * k(s, kv + d);
        weights.push_back(std::exp(scale * dot));
        total += weights.back();
      }
      for (int64_t s = begin; s <= t; ++s)
        for (int64_t d = 0; d < kWidth; ++d)
          out[static_cast<size_t>(d)] += weights[static_cast<size_t>(s - begin)] / total * v(s, kv + d);
      reference.insert(reference.end(), out.begin(), out.end());
    }
  const std::vector<int32_t> segments = {0, kFirst, 0, kFirst, kFirst, kTokens, kFirst, kTokens};
  const Tensor out = attention(c.ctx(), c.put(q, {kTokens, kHeads, kWidth}), c.put(k, {kTokens, kKvHeads, kWidth}),
                               c.put(v, {kTokens, kKvHeads, kWidth}), upload(c.ctx(), segments, {2, 4}),
                               {.scale = static_cast<float>(scale), .max_queries = kTokens, .max_keys = kTokens});
  return c.error(out, reference);
}

WeightHandle put_weight(Checker& c, const Matrix& w) {
  auto floats = std::make_shared<std::vector<float>>(w.values.begin(), w.values.end());
  return c.ctx().backend().prepare_weight({.name = "self check",
                                           .type = QuantType::f32,
                                           .rows = w.rows,
                                           .columns = w.columns,
                                           .bytes = std::as_bytes(std::span(*floats)),
                                           .owner = floats},
                                          c.dtype());
}

/// y = x W^T + s (x A^T) B^T and dx, dA, dB.
double check_lora_linear(Checker& c) {
  constexpr float kScale = 1.5f;
  const Matrix x = c.random(23, 64), w = c.random(48, 64), a = c.random(8, 64), b = c.random(48, 8);
  const Matrix dy = c.random(23, 48);
  const Matrix xa = product(x, a, true), dyb = product(dy, b);
  const Matrix y = sum(product(x, w, true), kScale, product(xa, b, true));
  const Matrix dx = sum(product(dy, w), kScale, product(dyb, a));
  const Matrix da = times(kScale, product(transposed(dyb), x)), db = times(kScale, product(transposed(dy), xa));

  Tape tape;
  const Tensor tx = tape.leaf(c.put(x)), ta = tape.leaf(c.put(a)), tb = tape.leaf(c.put(b));
  Tensor ty;
  {
    const Context::TapeScope recording(c.ctx(), &tape);
    ty = lora_linear(c.ctx(), tx, ta, tb, put_weight(c, w), kScale);
  }
  const std::vector<Tensor> outputs = {ty}, output_grads = {c.put(dy)};
  const Gradients grads = tape.backward(c.ctx(), outputs, output_grads);
  return std::max({c.error(ty, y.values), c.error(grads.of(tx), dx.values), c.error(grads.of(ta), da.values),
                   c.error(grads.of(tb), db.values)});
}

}  // namespace

std::vector<Check> numeric_checks(Context& ctx) {
  std::vector<Check> checks;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    Checker checker(ctx, dtype);
    checker.run("matmul", [&] { return check_matmul(checker); });
    checker.run("softmax", [&] { return check_softmax(checker); });
    checker.run("rms_norm", [&] { return check_rms_norm(checker); });
    checker.run("attention", [&] { return check_attention(checker); });
    checker.run("lora_linear and gradients", [&] { return check_lora_linear(checker); });
    checks.insert(checks.end(), checker.checks.begin(), checker.checks.end());
  }
  return checks;
}

}  // namespace temper::cli
