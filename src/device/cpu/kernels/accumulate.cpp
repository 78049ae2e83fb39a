// sum += x in f32, and zeroing, in place.
#include "device/op_specs/accumulate.h"

#include <cstring>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

void encode_accumulate(Encoder& encoder, Operands in, Operands out, const specs::Accumulate::Attrs&) {
  const int64_t n = in[1].elements();
  float* sum = data_of<float>(out[0]);
  for_compute_type(in[1].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[1]);
    cpu_encoder(encoder).launch("accumulate_", in, out, [=](ThreadPool& pool) {
      parallel_for(pool, n, 32768, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) sum[i] += to_f32(x[i]);
      });
    });
  });
}

void encode_zero(Encoder& encoder, Operands, Operands out, const specs::Zero::Attrs&) {
  const size_t element = size_of(out[0].dtype());
  std::byte* data = memory_of(*out[0].buffer).data() + static_cast<size_t>(out[0].spec.layout.offset) * element;
  const size_t bytes = out[0].spec.bytes();
  cpu_encoder(encoder).launch("zero_", {}, out, [=](ThreadPool&) { std::memset(data, 0, bytes); });
}

}  // namespace

void register_accumulate(KernelTable& table) {
  table.add<specs::Accumulate>({.encode = encode_accumulate});
  table.add<specs::Zero>({.encode = encode_zero});
}

}  // namespace temper::cpu
