// a OP b with broadcasting, f32 arithmetic for 16-bit types.
#include "device/op_specs/binary.h"

#include <algorithm>
#include <cmath>

#include "device/cpu/elements.h"
#include "device/cpu/vector_math.h"

namespace temper::cpu {
namespace {

using Kind = specs::Binary::Kind;

template <Kind kind, class W>
W combine(W a, W b) {
  if constexpr (kind == Kind::add) return a + b;
  if constexpr (kind == Kind::sub) return a - b;
  if constexpr (kind == Kind::mul) return a * b;
  if constexpr (kind == Kind::div) return a / b;
  if constexpr (kind == Kind::maximum) return a > b || std::isnan(a) ? a : b;
}

template <class T>
auto wide_value(T x) {
  if constexpr (std::is_same_v<T, int32_t>)
    return x;
  else
    return widen(x);
}
template <class T, class W>
T narrow_value(W x) {
  if constexpr (std::is_same_v<T, int32_t>)
    return x;
  else
    return narrow<T>(x);
}

template <Kind kind, class T>
void combine_row(const T* a, int64_t sa, const T* b, int64_t sb, T* y, int64_t n) {
  if constexpr (kind == Kind::add && (std::is_same_v<T, bf16_t> || std::is_same_v<T, f16_t>))
    if (sa == 1 && sb == 1) return add_values(a, b, y, n);
  const auto op = [](T p, T q) { return narrow_value<T>(combine<kind>(wide_value(p), wide_value(q))); };
  if (sa == 1 && sb == 1)  // the common strides apart, so that the compiler vectorises them
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i], b[i]);
  else if (sa == 1 && sb == 0)
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i], *b);
  else
    for (int64_t i = 0; i < n; ++i) y[i] = op(a[i * sa], b[i * sb]);
}

template <Kind kind, class T>
void launch_binary(Encoder& encoder, Operands in, Operands out) {
  const Shape& shape = out[0].shape();
  const bool flat =
      in[0].shape() == in[1].shape() && in[0].spec.layout.is_contiguous() && in[1].spec.layout.is_contiguous();
  const T *a = data_of<const T>(in[0]), *b = data_of<const T>(in[1]);
  T* y = data_of<T>(out[0]);
  const int64_t n = shape.elements();
  if (flat) {
    cpu_encoder(encoder).launch("binary", in, out, [=](ThreadPool& pool) {
      parallel_for(pool, n, 32768, [&](int64_t begin, int64_t end) {
        combine_row<kind>(a + begin, 1, b + begin, 1, y + begin, end - begin);
      });
    });
    return;
  }
  const RowIndex rows_a(in[0].spec.layout.broadcast_to(shape)), rows_b(in[1].spec.layout.broadcast_to(shape));
  cpu_encoder(encoder).launch("binary", in, out, [=](ThreadPool& pool) {
    const int64_t columns = rows_a.columns();
    parallel_for(pool, rows_a.rows(), row_grain(columns, 32768), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r)
        combine_row<kind>(a + rows_a(r), rows_a.stride(), b + rows_b(r), rows_b.stride(), y + r * columns, columns);
    });
  });
}

template <class T>
void launch_binary_of(Encoder& encoder, Operands in, Operands out, Kind kind) {
  switch (kind) {
    case Kind::add:
      return launch_binary<Kind::add, T>(encoder, in, out);
    case Kind::sub:
      return launch_binary<Kind::sub, T>(encoder, in, out);
    case Kind::mul:
      return launch_binary<Kind::mul, T>(encoder, in, out);
    case Kind::div:
      return launch_binary<Kind::div, T>(encoder, in, out);
    case Kind::maximum:
      return launch_binary<Kind::maximum, T>(encoder, in, out);
  }
}

void encode_binary(Encoder& encoder, Operands in, Operands out, const specs::Binary::Attrs& attrs) {
  if (in[0].dtype() == DType::i32) return launch_binary_of<int32_t>(encoder, in, out, attrs.kind);
  for_floating(in[0].dtype(), [&]<class T> { launch_binary_of<T>(encoder, in, out, attrs.kind); });
}

}  // namespace

void register_binary(KernelTable& table) {
  table.add<specs::Binary>({.encode = encode_binary, .takes_strided = true, .in_place_input = 0});
}

}  // namespace temper::cpu
