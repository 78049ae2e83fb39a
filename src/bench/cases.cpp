#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "autograd/tape.h"
#include "base/fail.h"
#include "bench/bench_case.h"
#include "bench/expect.h"
#include "bench/training_step.h"
#include "device/transfer.h"
#include "ops/adamw.h"
#include "ops/attention.h"
#include "ops/layer_norm.h"
#include "ops/linear.h"
#include "ops/linear_cross_entropy.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "ops/rms_norm.h"
#include "ops/sample.h"
#include "ops/softmax.h"
#include "ops/state.h"
#include "ops/view.h"

namespace temper::bench {
namespace {

using Floats = std::vector<float>;

double number(const Floats& values, int64_t i) {
  return double{values[static_cast<size_t>(i)]};
}

/// sum over i of a[a_at + i a_step] b[b_at + i b_step].
double dot(const Floats& a, int64_t a_at, int64_t a_step, const Floats& b, int64_t b_at, int64_t b_step, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += number(a, a_at + i * a_step) * number(b, b_at + i * b_step);
  return sum;
}

QuantType dense_type(DType dtype) {
  return dtype == DType::f32 ? QuantType::f32 : dtype == DType::f16 ? QuantType::f16 : QuantType::bf16;
}

double weight_bytes(QuantType type, int64_t count) {
  const BlockSize block = block_size(type);
  return static_cast<double>(count) / static_cast<double>(block.elements) * static_cast<double>(block.bytes);
}

std::string types_text(DType dtype, QuantType weight) {
  return weight == dense_type(dtype) ? std::string(name_of(dtype))
                                     : fmt::format("{} {}", name_of(dtype), name_of(weight));
}

/// (x A^T) B^T, as a stack without fused kernels makes it: two products.
Case low_rank(int64_t rows, int64_t width, int64_t rank, DType dtype) {
  const auto size = static_cast<double>(size_of(dtype));
  const auto m = static_cast<double>(rows), n = static_cast<double>(width), r = static_cast<double>(rank);
  return {
      .op = "low_rank",
      .shape = fmt::format("{} x {} x {} r {}", rows, width, width, rank),
      .dtype = std::string(name_of(dtype)),
      .flops = 4 * m * n * r,
      .bytes = size * (2 * m * n + 2 * n * r),
      .peer = {{"op", "low_rank"}, {"dtype", name_of(dtype)}, {"rows", rows}, {"width", width}, {"rank", rank}},
      .prepare = [=](Context& ctx) -> Prepared {
        const Tensor x = random_tensor(ctx, {rows, width}, dtype, 1), a = random_tensor(ctx, {rank, width}, dtype, 2),
                     b = random_tensor(ctx, {width, rank}, dtype, 3);
        const auto run = [=, &ctx] { return matmul(ctx, matmul(ctx, x, a, {.trans_b = true}), b, {.trans_b = true}); };
        return {.encode = [=] { run(); },
                .check =
                    [=, &ctx] {
                      const Floats xs = values_of(ctx, x), as = values_of(ctx, a), bs = values_of(ctx, b);
                      expect_elements(ctx, "low_rank", run(),
                                      {[&](int64_t at) {
                                         double sum = 0;
                                         for (int64_t j = 0; j < rank; ++j)
                                           sum += dot(xs, at / width * width, 1, as, j * width, 1, width) *
                                                  number(bs, at % width * rank + j);
                                         return sum;
                                       },
                                       width * rank});
                    }};
      }};
}

Case lora(int64_t rows, int64_t in, int64_t out, int64_t rank, DType dtype) {
  const auto size = static_cast<double>(size_of(dtype));
  const auto m = static_cast<double>(rows), k = static_cast<double>(in), n = static_cast<double>(out),
             r = static_cast<double>(rank);
  constexpr float scale = 2.0f;
  return {
      .op = "lora_linear",
      .shape = fmt::format("{} x {} x {} r {}", rows, in, out, rank),
      .dtype = std::string(name_of(dtype)),
      .flops = 2 * m * (k * n + r * (k + n)),
      .bytes = size * (m * (k + n) + k * n + r * (k + n)),
      .peer =
          {{"op", "lora_linear"}, {"dtype", name_of(dtype)}, {"rows", rows}, {"in", in}, {"out", out}, {"rank", rank}},
      .prepare = [=](Context& ctx) -> Prepared {
        const Tensor x = random_tensor(ctx, {rows, in}, dtype, 1), a = random_tensor(ctx, {rank, in}, dtype, 2),
                     b = random_tensor(ctx, {out, rank}, dtype, 3);
        const WeightHandle w = random_weight(ctx, out, in, dense_type(dtype), 4);
        const auto run = [=, &ctx] { return lora_linear(ctx, x, a, b, w, scale); };
        return {.encode = [=] { run(); },
                .check =
                    [=, &ctx] {
                      const Floats xs = values_of(ctx, x), as = values_of(ctx, a), bs = values_of(ctx, b),
                                   ws = values_of(ctx, w);
                      expect_elements(ctx, "lora_linear", run(),
                                      {[&](int64_t at) {
                                         const int64_t row = at / out, column = at % out;
                                         double sum = dot(xs, row * in, 1, ws, column * in, 1, in);
                                         for (int64_t j = 0; j < rank; ++j)
                                           sum += double{scale} * dot(xs, row * in, 1, as, j * in, 1, in) *
                                                  number(bs, column * rank + j);
                                         return sum;
                                       },
                                       in * rank});
                    }};
      }};
}

/// Gradients of x, A and B.
Case lora_backward(int64_t rows, int64_t in, int64_t out, int64_t rank, DType dtype) {
  Case c = lora(rows, in, out, rank, dtype);
  c.op = "lora_linear+backward";
  const auto m = static_cast<double>(rows), k = static_cast<double>(in), n = static_cast<double>(out),
             r = static_cast<double>(rank);
  c.flops = 2 * c.flops + 4 * m * r * (k + n);  // dx, dh and what it gives; dA, dB
  c.bytes *= 2;
  c.peer["op"] = c.op;
  c.prepare = [=](Context& ctx) -> Prepared {
    const Tensor x0 = random_tensor(ctx, {rows, in}, dtype, 1), a0 = random_tensor(ctx, {rank, in}, dtype, 2),
                 b0 = random_tensor(ctx, {out, rank}, dtype, 3), dy = random_tensor(ctx, {rows, out}, dtype, 5);
    const WeightHandle w = random_weight(ctx, out, in, dense_type(dtype), 4);
    const auto run = [=, &ctx] {
      Tape tape;
      const Context::TapeScope scope(ctx, &tape);
      const Tensor x = tape.leaf(x0), a = tape.leaf(a0), b = tape.leaf(b0);
      const Tensor y = lora_linear(ctx, x, a, b, w, 1.0f);
      const Gradients gradients = tape.backward(ctx, std::span(&y, 1), std::span(&dy, 1));
      return std::array<Tensor, 3>{gradients.of(x), gradients.of(a), gradients.of(b)};
    };
    return {.encode = [=] { run(); },
            .check =
                [=, &ctx] {
                  const Floats xs = values_of(ctx, x0), as = values_of(ctx, a0), bs = values_of(ctx, b0),
                               ws = values_of(ctx, w), dys = values_of(ctx, dy);
                  const auto [dx, da, db] = run();
                  const auto dh = [&](int64_t row, int64_t j) { return dot(dys, row * out, 1, bs, j, rank, out); };
                  const auto h = [&](int64_t row, int64_t j) { return dot(xs, row * in, 1, as, j * in, 1, in); };
                  expect_elements(ctx, "gradient of x", dx,
                                  {[&](int64_t at) {
                                     double sum = dot(dys, at / in * out, 1, ws, at % in, in, out);
                                     for (int64_t j = 0; j < rank; ++j)
                                       sum += dh(at / in, j) * number(as, j * in + at % in);
                                     return sum;
                                   },
                                   out * rank});
                  expect_elements(ctx, "gradient of A", da,
                                  {[&](int64_t at) {
                                     double sum = 0;
                                     for (int64_t i = 0; i < rows; ++i)
                                       sum += dh(i, at / in) * number(xs, i * in + at % in);
                                     return sum;
                                   },
                                   rows * out});
                  expect_elements(ctx, "gradient of B", db,
                                  {[&](int64_t at) {
                                     double sum = 0;
                                     for (int64_t i = 0; i < rows; ++i)
                                       sum += number(dys, i * out + at / rank) * h(i, at % rank);
                                     return sum;
                                   },
                                   rows * in});
                }};
  };
  return c;
}

Case linear_case(int64_t rows, int64_t in, int64_t out, DType dtype, QuantType type) {
  const auto size = static_cast<double>(size_of(dtype));
  const auto m = static_cast<double>(rows), k = static_cast<double>(in), n = static_cast<double>(out);
  Case c{.op = "linear",
         .shape = fmt::format("{} x {} x {}", rows, in, out),
         .dtype = types_text(dtype, type),
         .flops = 2 * m * k * n,
         .bytes = size * m * (k + n) + weight_bytes(type, in * out),
         .peer = nullptr,
         .prepare = [=](Context& ctx) -> Prepared {
           const Tensor x = random_tensor(ctx, {rows, in}, dtype, 1);
           const WeightHandle w = random_weight(ctx, out, in, type, 4);
           return {.encode = [=, &ctx] { linear(ctx, x, w); },
                   .check =
                       [=, &ctx] {
                         const Floats xs = values_of(ctx, x), ws = values_of(ctx, w);
                         expect_elements(
                             ctx, "linear", linear(ctx, x, w),
                             {[&](int64_t at) { return dot(xs, at / out * in, 1, ws, at % out * in, 1, in); }, in});
                       }};
         }};
  if (!is_block_quantized(type))
    c.peer = {{"op", "linear"}, {"dtype", name_of(dtype)}, {"rows", rows}, {"in", in}, {"out", out}};
  return c;
}

/// Softmax and the norms: a row at a time. `element` gives a value from its row's begin and the statistics' sums.
enum class RowOp { softmax, rms_norm, layer_norm };

Case row_case(RowOp op, const Shape& shape, DType dtype) {
  const int64_t columns = shape[-1];
  const char* name = op == RowOp::softmax ? "softmax" : op == RowOp::rms_norm ? "rms_norm" : "layer_norm";
  const auto count = static_cast<double>(shape.elements());
  std::vector<int64_t> sizes;
  for (int i = 0; i < shape.rank(); ++i) sizes.push_back(shape[i]);
  return {.op = name,
          .shape = fmt::format("{}", fmt::join(sizes, " x ")),
          .dtype = std::string(name_of(dtype)),
          .flops = (op == RowOp::softmax ? 5 : 4) * count,
          .bytes = 2 * count * static_cast<double>(size_of(dtype)),
          .peer = {{"op", name}, {"dtype", name_of(dtype)}, {"shape", sizes}},
          .prepare = [=](Context& ctx) -> Prepared {
            const Tensor x = random_tensor(ctx, shape, dtype, 1), w = random_tensor(ctx, {columns}, dtype, 2),
                         bias = random_tensor(ctx, {columns}, dtype, 3);
            const auto run = [=, &ctx] {
              if (op == RowOp::softmax) return softmax(ctx, x);
              return op == RowOp::rms_norm ? rms_norm(ctx, x, w) : layer_norm(ctx, x, w, bias);
            };
            return {.encode = [=] { run(); },
                    .check =
                        [=, &ctx] {
                          const Floats xs = values_of(ctx, x), ws = values_of(ctx, w), bs = values_of(ctx, bias);
                          expect_elements(ctx, name, run(),
                                          {[&](int64_t at) {
                                             const int64_t begin = at / columns * columns, column = at % columns;
                                             double sum = 0, squares = 0, exponentials = 0;
                                             for (int64_t i = begin; i < begin + columns; ++i) {
                                               sum += number(xs, i);
                                               squares += number(xs, i) * number(xs, i);
                                               exponentials += std::exp(number(xs, i));
                                             }
                                             const auto n = static_cast<double>(columns);
                                             const double value = number(xs, at), mean = sum / n;
                                             if (op == RowOp::softmax) return std::exp(value) / exponentials;
                                             if (op == RowOp::rms_norm)
                                               return value / std::sqrt(squares / n + 1e-5) * number(ws, column);
                                             return (value - mean) / std::sqrt(squares / n - mean * mean + 1e-5) *
                                                        number(ws, column) +
                                                    number(bs, column);
                                           },
                                           columns});
                        }};
          }};
}

Case adamw_case(int64_t count) {
  const auto n = static_cast<double>(count);
  return {.op = "adamw",
          .shape = fmt::format("{}", count),
          .dtype = "f32",
          .flops = 12 * n,
          .bytes = 7 * 4 * n,
          .peer = {{"op", "adamw"}, {"dtype", "f32"}, {"count", count}},
          .prepare = [=](Context& ctx) -> Prepared {
            constexpr float lr = 1e-3f, decay = 0.01f, eps = 1e-8f;
            const Tensor grad = random_tensor(ctx, {count}, DType::f32, 1),
                         initial = random_tensor(ctx, {count}, DType::f32, 2);
            const Tensor hyper = upload(ctx, Floats{lr, 0.9f, 0.999f, eps, decay, 1 - 0.9f, 1 - 0.999f, 1.0f}, {8});
            struct States {
              State param, m, v;
            };
            const auto make = [=, &ctx] {
              return std::make_shared<States>(States{State(ctx, initial), State::zeros(ctx, DType::f32, {count}),
                                                     State::zeros(ctx, DType::f32, {count})});
            };
            const auto states = make();
            return {.encode = [=, &ctx] { adamw_(ctx, states->param, states->m, states->v, grad, hyper); },
                    .check =
                        [=, &ctx] {
                          const auto fresh = make();
                          adamw_(ctx, fresh->param, fresh->m, fresh->v, grad, hyper);
                          const Floats gs = values_of(ctx, grad), ps = values_of(ctx, initial);
                          expect_elements(ctx, "adamw", fresh->param.tensor(),
                                          {[&](int64_t at) {  // the first step: m and v begin at 0
                                            const double g = number(gs, at);
                                            return number(ps, at) * (1 - double{lr} * double{decay}) -
                                                   double{lr} * g / (std::abs(g) + double{eps});
                                          }});
                        }};
          }};
}

/// Causal attention of `queries` at the end of `keys`.
Case attention_case(int64_t queries, int64_t keys, int64_t heads, int64_t kv_heads, int64_t width, DType dtype) {
  const auto size = static_cast<double>(size_of(dtype));
  const auto q = static_cast<double>(queries), k = static_cast<double>(keys), h = static_cast<double>(heads),
             kv = static_cast<double>(kv_heads), d = static_cast<double>(width);
  return {.op = "attention",
          .shape = fmt::format("{} of {} keys {}/{} x {}", queries, keys, heads, kv_heads, width),
          .dtype = std::string(name_of(dtype)),
          .flops = 4 * h * d * (q * (k - q) + q * (q + 1) / 2),
          .bytes = size * d * (2 * q * h + 2 * k * kv),
          .peer = {{"op", "attention"},
                   {"dtype", name_of(dtype)},
                   {"queries", queries},
                   {"keys", keys},
                   {"heads", heads},
                   {"kv_heads", kv_heads},
                   {"width", width}},
          .prepare = [=](Context& ctx) -> Prepared {
            const Tensor qs = random_tensor(ctx, {queries, heads, width}, dtype, 1),
                         ks = random_tensor(ctx, {keys, kv_heads, width}, dtype, 2),
                         vs = random_tensor(ctx, {keys, kv_heads, width}, dtype, 3);
            const Tensor segments = upload(
                ctx, std::vector<int32_t>{0, static_cast<int32_t>(queries), 0, static_cast<int32_t>(keys)}, {1, 4});
            const AttentionAttrs attrs{.scale = 1.0f / std::sqrt(static_cast<float>(width))};
            const auto run = [=, &ctx] { return attention(ctx, qs, ks, vs, segments, attrs); };
            return {.encode = [=] { run(); },
                    .check =
                        [=, &ctx] {
                          const Floats qv = values_of(ctx, qs), kvs = values_of(ctx, ks), vv = values_of(ctx, vs);
                          expect_elements(
                              ctx, "attention", run(),
                              {[&](int64_t at) {
                                 const int64_t row = at / (heads * width), head = at / width % heads;
                                 const int64_t group = head / (heads / kv_heads), seen = keys - queries + row + 1;
                                 double total = 0, sum = 0;
                                 for (int64_t j = 0; j < seen; ++j) {
                                   const double weight =
                                       std::exp(double{attrs.scale} * dot(qv, (row * heads + head) * width, 1, kvs,
                                                                          (j * kv_heads + group) * width, 1, width));
                                   total += weight;
                                   sum += weight * number(vv, (j * kv_heads + group) * width + at % width);
                                 }
                                 return sum / total;
                               },
                               keys});
                        }};
          }};
}

Case top_p_case(int64_t vocabulary) {
  constexpr float top_p = 0.9f;
  return {.op = "sample top-p 0.9",
          .shape = fmt::format("{}", vocabulary),
          .dtype = "f32",
          .flops = 3 * static_cast<double>(vocabulary),
          .bytes = 4 * static_cast<double>(vocabulary),
          .peer = {{"op", "top_p"}, {"dtype", "f32"}, {"vocabulary", vocabulary}, {"top_p", 0.9}},
          .prepare = [=](Context& ctx) -> Prepared {
            Floats values = random_values(vocabulary, 1);
            for (float& value : values) value *= 8.0f;
            const Tensor logits = upload(ctx, values, {1, vocabulary});
            ctx.begin_step(0, 1);
            const auto run = [=, &ctx] { return sample(ctx, logits, {.top_p = top_p}); };
            return {.encode = [=] { run(); },
                    .check =
                        [=, &ctx] {
                          // A drawn token is one of the fewest most likely that reach top_p, and not always the same.
                          std::vector<double> weights;
                          for (const float value : values) weights.push_back(std::exp(double{value}));
                          const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
                          std::set<size_t> drawn;
                          for (int draw = 0; draw < 20; ++draw) {
                            const auto token = static_cast<size_t>(read<int32_t>(ctx, run())[0]);
                            drawn.insert(token);
                            double above = 0;
                            for (const double weight : weights) above += weight > weights[token] ? weight : 0.0;
                            if (above / total > double{top_p} + 1e-6)
                              fail(ErrorCode::numeric, "sample: token {} is outside of the top {}", token, top_p);
                          }
                          if (drawn.size() < 2) fail(ErrorCode::numeric, "sample: 20 draws gave the same token");
                        }};
          }};
}

Case cross_entropy_case(int64_t rows, int64_t width, int64_t vocabulary, DType dtype) {
  const auto m = static_cast<double>(rows), k = static_cast<double>(width), n = static_cast<double>(vocabulary);
  return {.op = "linear_cross_entropy",
          .shape = fmt::format("{} x {} x {}", rows, width, vocabulary),
          .dtype = std::string(name_of(dtype)),
          .flops = 2 * m * k * n,
          .bytes = static_cast<double>(size_of(dtype)) * (m * k + k * n),
          .peer = {{"op", "linear_cross_entropy"},
                   {"dtype", name_of(dtype)},
                   {"rows", rows},
                   {"width", width},
                   {"vocabulary", vocabulary}},
          .prepare = [=](Context& ctx) -> Prepared {
            const Tensor x = random_tensor(ctx, {rows, width}, dtype, 1);
            const WeightHandle head = random_weight(ctx, vocabulary, width, dense_type(dtype), 4);
            std::vector<int32_t> ids;
            for (int64_t i = 0; i < rows; ++i) ids.push_back(static_cast<int32_t>(i * 977 % vocabulary));
            const Tensor targets = upload(ctx, ids, {rows});
            const auto run = [=, &ctx] { return linear_cross_entropy(ctx, x, head, targets); };
            return {.encode = [=] { run(); },
                    .check =
                        [=, &ctx] {
                          const Floats xs = values_of(ctx, x), ws = values_of(ctx, head);
                          const int64_t few = std::min<int64_t>(rows, 5);
                          expect_elements(ctx, "linear_cross_entropy_rows",
                                          linear_cross_entropy_rows(ctx, slice(ctx, x, 0, 0, few), head,
                                                                    slice(ctx, targets, 0, 0, few)),
                                          {[&](int64_t row) {
                                             double total = 0;
                                             for (int64_t v = 0; v < vocabulary; ++v)
                                               total += std::exp(dot(xs, row * width, 1, ws, v * width, 1, width));
                                             const int64_t target = ids[static_cast<size_t>(row)];
                                             return std::log(total) -
                                                    dot(xs, row * width, 1, ws, target * width, 1, width);
                                           },
                                           width});
                        }};
          }};
}

}  // namespace

std::vector<Case> all_cases(const CaseOptions& options) {
  const DType dtype = options.dtype;
  const std::vector<int64_t> ranks =
      options.all_ranks ? std::vector<int64_t>{4, 8, 16, 32, 64} : std::vector<int64_t>{8, 64};
  std::vector<Case> cases;
  for (const int64_t rows : {1, 64})
    for (const int64_t width : {512, 1024, 2048})
      for (const int64_t rank : ranks) {
        cases.push_back(low_rank(rows, width, rank, dtype));
        cases.push_back(lora(rows, width, width, rank, dtype));
      }
  // SmolLM2-135M's and a 1B model's largest layers, a batch of 4 x 256 tokens.
  cases.push_back(lora_backward(1024, 576, 1536, 8, dtype));
  cases.push_back(lora_backward(256, 2048, 2048, 8, dtype));
  for (const int64_t rows : {1, 512}) {
    cases.push_back(linear_case(rows, 576, 1536, dtype, dense_type(dtype)));
    cases.push_back(linear_case(rows, 2048, 8192, dtype, dense_type(dtype)));
    for (const QuantType type : {QuantType::q4_1, QuantType::q8_0, QuantType::q4_k, QuantType::q6_k})
      cases.push_back(linear_case(rows, 2048, 8192, dtype, type));
  }
  cases.push_back(linear_case(1, 576, 49152, dtype, dense_type(dtype)));
  for (const RowOp op : {RowOp::softmax, RowOp::rms_norm, RowOp::layer_norm})
    cases.push_back(row_case(op, {4, 16, 1024}, dtype));
  cases.push_back(attention_case(512, 512, 9, 3, 64, dtype));
  cases.push_back(attention_case(1, 512, 9, 3, 64, dtype));
  cases.push_back(attention_case(1, 4096, 32, 8, 64, dtype));
  cases.push_back(cross_entropy_case(256, 576, 49152, dtype));
  cases.push_back(adamw_case(1 << 20));
  cases.push_back(top_p_case(32768));
  cases.push_back(training_step_case(dtype));
  return cases;
}

std::vector<Case> matching(std::vector<Case> cases, const std::string& filter) {
  std::erase_if(cases, [&](const Case& c) { return c.name().find(filter) == std::string::npos; });
  return cases;
}

}  // namespace temper::bench
