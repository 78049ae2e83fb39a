// Dropout by counter-based random numbers: element i takes word i % 4 of Philox block i / 4 (base/philox.h), so every
// backend and every recomputation draws the same mask.
#include "device/op_specs/dropout.h"

#include "base/philox.h"
#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

void encode_dropout(Encoder& encoder, Operands in, Operands out, const specs::Dropout::Attrs& attrs) {
  const int64_t n = in[0].elements();
  const auto* rng = data_of<const int64_t>(in[1]);
  const float p = attrs.p;
  const uint32_t site = attrs.site;
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    cpu_encoder(encoder).launch("dropout", in, out, [=](ThreadPool& pool) {
      const RngKey key{static_cast<uint64_t>(rng[0]), static_cast<uint32_t>(rng[1]), site};
      const Wide<T> scale = Wide<T>(1) / (Wide<T>(1) - static_cast<Wide<T>>(p));
      const int64_t blocks = (n + 3) / 4;
      parallel_for(pool, blocks, 2048, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
          const std::array<uint32_t, 4> bits = key.draw(static_cast<uint64_t>(block));
          for (int64_t i = 4 * block; i < std::min(n, 4 * block + 4); ++i)
            y[i] = uniform01(bits[static_cast<size_t>(i % 4)]) >= p ? narrow<T>(widen(x[i]) * scale) : T{};
        }
      });
    });
  });
}

}  // namespace

void register_dropout(KernelTable& table) {
  table.add<specs::Dropout>({.encode = encode_dropout, .in_place_input = 0});
}

}  // namespace temper::cpu
