// f(x) and dy f'(x), element by element, in f32 (f64 for f64).
#include "device/op_specs/unary.h"

#include <cmath>
#include <numbers>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

using specs::Unary;
using Kind = Unary::Kind;

template <class W>
constexpr W kGeluTanhScale = W(0.79788456080286535588);  // sqrt(2 / pi)
template <class W>
constexpr W kGeluTanhCubic = W(0.044715);

template <Kind kind, class W>
W value(W x, W scale, W offset) {
  if constexpr (kind == Kind::affine) return scale * x + offset;
  if constexpr (kind == Kind::exp) return std::exp(x);
  if constexpr (kind == Kind::log) return std::log(x);
  if constexpr (kind == Kind::sqrt) return std::sqrt(x);
  if constexpr (kind == Kind::rsqrt) return W(1) / std::sqrt(x);
  if constexpr (kind == Kind::tanh) return std::tanh(x);
  if constexpr (kind == Kind::sigmoid) return W(1) / (W(1) + std::exp(-x));
  if constexpr (kind == Kind::silu) return x / (W(1) + std::exp(-x));
  if constexpr (kind == Kind::gelu) return W(0.5) * x * std::erfc(-x * std::numbers::sqrt2_v<W> / W(2));
  if constexpr (kind == Kind::gelu_tanh)
    return W(0.5) * x * (W(1) + std::tanh(kGeluTanhScale<W> * (x + kGeluTanhCubic<W> * x * x * x)));
}

template <Kind kind, class W>
W derivative(W x, W scale) {
  if constexpr (kind == Kind::affine) return scale;
  if constexpr (kind == Kind::exp) return std::exp(x);
  if constexpr (kind == Kind::log) return W(1) / x;
  if constexpr (kind == Kind::sqrt) return W(0.5) / std::sqrt(x);
  if constexpr (kind == Kind::rsqrt) return W(-0.5) / (x * std::sqrt(x));
  if constexpr (kind == Kind::tanh) {
    const W t = std::tanh(x);
    return W(1) - t * t;
  }
  if constexpr (kind == Kind::sigmoid || kind == Kind::silu) {
    const W s = W(1) / (W(1) + std::exp(-x));
    return kind == Kind::sigmoid ? s * (W(1) - s) : s * (W(1) + x * (W(1) - s));
  }
  if constexpr (kind == Kind::gelu) {
    const W cdf = W(0.5) * std::erfc(-x * std::numbers::sqrt2_v<W> / W(2));
    const W density = std::exp(W(-0.5) * x * x) * std::numbers::inv_sqrtpi_v<W> / std::numbers::sqrt2_v<W>;
    return cdf + x * density;
  }
  if constexpr (kind == Kind::gelu_tanh) {
    const W t = std::tanh(kGeluTanhScale<W> * (x + kGeluTanhCubic<W> * x * x * x));
    const W slope = kGeluTanhScale<W> * (W(1) + W(3) * kGeluTanhCubic<W> * x * x);
    return W(0.5) * (W(1) + t) + W(0.5) * x * (W(1) - t * t) * slope;
  }
}

/// Calls f.template operator()<kind>().
template <class F>
void for_kind(Kind kind, F&& f) {
  switch (kind) {
    case Kind::affine:
      return f.template operator()<Kind::affine>();
    case Kind::exp:
      return f.template operator()<Kind::exp>();
    case Kind::log:
      return f.template operator()<Kind::log>();
    case Kind::sqrt:
      return f.template operator()<Kind::sqrt>();
    case Kind::rsqrt:
      return f.template operator()<Kind::rsqrt>();
    case Kind::tanh:
      return f.template operator()<Kind::tanh>();
    case Kind::sigmoid:
      return f.template operator()<Kind::sigmoid>();
    case Kind::silu:
      return f.template operator()<Kind::silu>();
    case Kind::gelu:
      return f.template operator()<Kind::gelu>();
    case Kind::gelu_tanh:
      return f.template operator()<Kind::gelu_tanh>();
  }
}

void encode_unary(Encoder& encoder, Operands in, Operands out, const Unary::Attrs& attrs) {
  const int64_t n = in[0].elements();
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    const auto scale = static_cast<Wide<T>>(attrs.scale), offset = static_cast<Wide<T>>(attrs.offset);
    for_kind(attrs.kind, [&]<Kind kind> {
      cpu_encoder(encoder).launch("unary", in, out, [=](ThreadPool& pool) {
        parallel_for(pool, n, 16384, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) y[i] = narrow<T>(value<kind, Wide<T>>(widen(x[i]), scale, offset));
        });
      });
    });
  });
}

void encode_unary_backward(Encoder& encoder, Operands in, Operands out, const Unary::Attrs& attrs) {
  const int64_t n = in[0].elements();
  for_floating(in[0].dtype(), [&]<class T> {
    const T *dy = data_of<const T>(in[0]), *x = data_of<const T>(in[1]);
    T* dx = data_of<T>(out[0]);
    const auto scale = static_cast<Wide<T>>(attrs.scale);
    for_kind(attrs.kind, [&]<Kind kind> {
      cpu_encoder(encoder).launch("unary_backward", in, out, [=](ThreadPool& pool) {
        parallel_for(pool, n, 16384, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i)
            dx[i] = narrow<T>(widen(dy[i]) * derivative<kind, Wide<T>>(widen(x[i]), scale));
        });
      });
    });
  });
}

}  // namespace

void register_unary(KernelTable& table) {
  table.add<specs::Unary>({.encode = encode_unary, .in_place_input = 0});
  table.add<specs::UnaryBackward>({.encode = encode_unary_backward, .in_place_input = 0});
}

}  // namespace temper::cpu
