// silu(gate) up and its gradients, in f32 over tiles that fit the first-level cache. Source: Shazeer 2020, eq. 5.
#include "device/op_specs/swiglu.h"

#include "device/cpu/elements.h"
#include "device/cpu/vector_math.h"

namespace temper::cpu {
namespace {

using specs::Swiglu;
using specs::SwigluBackward;

constexpr int64_t kTile = 1024;

bool supports_swiglu(std::span<const TensorSpec> in, const Swiglu::Attrs&) {
  return is_compute_type(in[0].dtype);
}
bool supports_swiglu_backward(std::span<const TensorSpec> in, const SwigluBackward::Attrs&) {
  return is_compute_type(in[1].dtype);
}

/// Calls body(begin, count) for tiles of [0, n), in parallel.
template <class Body>
void for_tiles(ThreadPool& pool, int64_t n, Body&& body) {
  parallel_for(pool, (n + kTile - 1) / kTile, 16, [&](int64_t first, int64_t last) {
    for (int64_t t = first; t < last; ++t) body(t * kTile, std::min(kTile, n - t * kTile));
  });
}

/// A tile of x as f32: itself, or widened into `space`.
template <class T>
const float* tile(const T* x, int64_t n, float* space) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else {
    widen_values(x, space, n);
    return space;
  }
}

template <class T>
void launch_swiglu(Encoder& encoder, Operands in, Operands out) {
  const T *gate = data_of<const T>(in[0]), *up = data_of<const T>(in[1]);
  T* y = data_of<T>(out[0]);
  const int64_t n = in[0].elements();
  cpu_encoder(encoder).launch("swiglu", in, out, [=](ThreadPool& pool) {
    for_tiles(pool, n, [&](int64_t at, int64_t count) {
      float g[kTile], u[kTile], wide[kTile];
      float* to = wide;
      if constexpr (std::is_same_v<T, float>) to = y + at;
      swiglu_values(tile(gate + at, count, g), tile(up + at, count, u), to, count);
      if constexpr (!std::is_same_v<T, float>) narrow_values(to, y + at, count);
    });
  });
}

template <class T>
void launch_swiglu_backward(Encoder& encoder, Operands in, Operands out, const SwigluBackward::Attrs& attrs) {
  const T *dy = data_of<const T>(in[0]), *gate = data_of<const T>(in[1]), *up = data_of<const T>(in[2]);
  T* dgate = attrs.want_gate ? data_of<T>(out[0]) : nullptr;
  T* dup = attrs.want_up ? data_of<T>(out[attrs.want_gate ? 1 : 0]) : nullptr;
  const int64_t n = in[1].elements();
  cpu_encoder(encoder).launch("swiglu_backward", in, out, [=](ThreadPool& pool) {
    for_tiles(pool, n, [&](int64_t at, int64_t count) {
      float d[kTile], g[kTile], u[kTile], wide_gate[kTile], wide_up[kTile];
      swiglu_gradients(tile(dy + at, count, d), tile(gate + at, count, g), tile(up + at, count, u),
                       dgate ? wide_gate : nullptr, dup ? wide_up : nullptr, count);
      if (dgate) narrow_values(wide_gate, dgate + at, count);
      if (dup) narrow_values(wide_up, dup + at, count);
    });
  });
}

void encode_swiglu(Encoder& encoder, Operands in, Operands out, const Swiglu::Attrs&) {
  for_compute_type(in[0].dtype(), [&]<class T> { launch_swiglu<T>(encoder, in, out); });
}

void encode_swiglu_backward(Encoder& encoder, Operands in, Operands out, const SwigluBackward::Attrs& attrs) {
  for_compute_type(in[1].dtype(), [&]<class T> { launch_swiglu_backward<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_swiglu(KernelTable& table) {
  table.add<Swiglu>({.supports = supports_swiglu, .encode = encode_swiglu});
  table.add<SwigluBackward>({.supports = supports_swiglu_backward, .encode = encode_swiglu_backward});
}

}  // namespace temper::cpu
