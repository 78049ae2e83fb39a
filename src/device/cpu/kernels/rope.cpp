// Rotary position embedding, half-split pairs. Angles are f32(position) inv_freq[i] in f32, as in Transformers; sine
// and cosine of a token are shared by its heads. Source: Su et al. 2021, eq. 34. Work O(N H D), memory O(D).
#include "device/op_specs/rope.h"

#include <cmath>

#include "device/cpu/elements.h"
#include "device/cpu/vector_math.h"

namespace temper::cpu {
namespace {

using specs::Rope;

constexpr int64_t kMaxRopePairs = 512;

bool supports_rope(std::span<const TensorSpec> in, const Rope::Attrs&) {
  return in[0].shape()[2] / 2 <= kMaxRopePairs;
}

template <class T>
void launch_rope(Encoder& encoder, Operands in, Operands out, const Rope::Attrs& attrs) {
  using W = Wide<T>;
  const int64_t tokens = in[0].dim(0), heads = in[0].dim(1), half = in[0].dim(2) / 2;
  const T* x = data_of<const T>(in[0]);
  const int32_t* positions = data_of<const int32_t>(in[1]);
  const float* inv_freq = data_of<const float>(in[2]);
  T* y = data_of<T>(out[0]);
  const W scale = W(attrs.attention_scale), direction = attrs.inverse ? W(-1) : W(1);
  cpu_encoder(encoder).launch("rope", in, out, [=](ThreadPool& pool) {
    parallel_for(pool, tokens, row_grain(heads * half), [&](int64_t begin, int64_t end) {
      std::array<W, kMaxRopePairs> cosines, sines;
      for (int64_t n = begin; n < end; ++n) {
        for (int64_t i = 0; i < half; ++i) {
          const W angle = W(static_cast<float>(positions[n]) * inv_freq[i]);
          cosines[static_cast<size_t>(i)] = std::cos(angle) * scale;
          sines[static_cast<size_t>(i)] = std::sin(angle) * scale * direction;
        }
        for (int64_t h = 0; h < heads; ++h) {
          const T* from = x + (n * heads + h) * 2 * half;
          T* to = y + (n * heads + h) * 2 * half;
          if constexpr (!std::is_same_v<T, double>)
            rotate_pairs(from, cosines.data(), sines.data(), to, half);
          else
            for (int64_t i = 0; i < half; ++i) {
              const W a = widen(from[i]), b = widen(from[i + half]);
              const W c = cosines[static_cast<size_t>(i)], s = sines[static_cast<size_t>(i)];
              to[i] = narrow<T>(a * c - b * s);
              to[i + half] = narrow<T>(b * c + a * s);
            }
        }
      }
    });
  });
}

void encode_rope(Encoder& encoder, Operands in, Operands out, const Rope::Attrs& attrs) {
  for_floating(in[0].dtype(), [&]<class T> { launch_rope<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_rope(KernelTable& table) {
  table.add<Rope>({.supports = supports_rope, .encode = encode_rope, .in_place_input = 0});
}

}  // namespace temper::cpu
