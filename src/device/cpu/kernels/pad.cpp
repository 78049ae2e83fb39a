// Zeros around x along one dimension.
#include "device/op_specs/pad.h"

#include <cstring>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

void encode_pad(Encoder& encoder, Operands in, Operands out, const specs::Pad::Attrs& attrs) {
  const Shape& shape = in[0].shape();
  const size_t element = size_of(in[0].dtype());
  int64_t outer = 1, inner = 1;
  for (int d = 0; d < attrs.dimension; ++d) outer *= shape[d];
  for (int d = attrs.dimension + 1; d < shape.rank(); ++d) inner *= shape[d];
  const size_t row = static_cast<size_t>(inner) * element;
  const size_t before = static_cast<size_t>(attrs.before) * row, after = static_cast<size_t>(attrs.after) * row;
  const size_t middle = static_cast<size_t>(shape[attrs.dimension]) * row;
  const std::byte* from = memory_of(*in[0].buffer).data() + static_cast<size_t>(in[0].spec.layout.offset) * element;
  std::byte* to = memory_of(*out[0].buffer).data();
  cpu_encoder(encoder).launch("pad", in, out, [=](ThreadPool&) {
    for (int64_t o = 0; o < outer; ++o) {
      const std::byte* x = from + static_cast<size_t>(o) * middle;
      std::byte* y = to + static_cast<size_t>(o) * (before + middle + after);
      std::memset(y, 0, before);
      std::memcpy(y + before, x, middle);
      std::memset(y + before + middle, 0, after);
    }
  });
}

}  // namespace

void register_pad(KernelTable& table) {
  table.add<specs::Pad>({.encode = encode_pad});
}

}  // namespace temper::cpu
