// Tensors one after the other along a dimension, as block copies.
#include "device/op_specs/concat.h"

#include <cstring>
#include <vector>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

struct ConcatPart {
  const std::byte* data;
  size_t bytes;  // between two steps of the dimensions outside
};

void encode_concat(Encoder& encoder, Operands in, Operands out, const specs::Concat::Attrs& attrs) {
  const size_t element = size_of(out[0].dtype());
  int64_t outer = 1;
  for (int d = 0; d < attrs.dimension; ++d) outer *= out[0].shape()[d];
  std::vector<ConcatPart> parts;
  size_t row_bytes = 0;
  for (const Operand& part : in) {
    const size_t bytes = outer ? static_cast<size_t>(part.elements() / outer) * element : 0;
    parts.push_back({memory_of(*part.buffer).data() + static_cast<size_t>(part.spec.layout.offset) * element, bytes});
    row_bytes += bytes;
  }
  std::byte* y = memory_of(*out[0].buffer).data();
  cpu_encoder(encoder).launch("concat", in, out, [=, parts = std::move(parts)](ThreadPool& pool) {
    if (row_bytes == 0) return;
    parallel_for(pool, outer, row_grain(static_cast<int64_t>(row_bytes), 1 << 18), [&](int64_t begin, int64_t end) {
      for (auto o = static_cast<size_t>(begin); o < static_cast<size_t>(end); ++o) {
        std::byte* to = y + o * row_bytes;
        for (const ConcatPart& part : parts) {
          std::memcpy(to, part.data + o * part.bytes, part.bytes);
          to += part.bytes;
        }
      }
    });
  });
}

}  // namespace

void register_concat(KernelTable& table) {
  table.add<specs::Concat>({.encode = encode_concat});
}

}  // namespace temper::cpu
