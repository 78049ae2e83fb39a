// One repeated value.
#include "device/op_specs/fill.h"

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

template <class T>
void launch_fill(Encoder& encoder, Operands out, T value) {
  T* y = data_of<T>(out[0]);
  const int64_t n = out[0].elements();
  cpu_encoder(encoder).launch("fill", {}, out, [=](ThreadPool& pool) {
    parallel_for(pool, n, 65536, [&](int64_t begin, int64_t end) { std::fill(y + begin, y + end, value); });
  });
}

void encode_fill(Encoder& encoder, Operands, Operands out, const specs::Fill::Attrs& attrs) {
  switch (attrs.dtype) {
    case DType::i32:
      return launch_fill(encoder, out, static_cast<int32_t>(attrs.value));
    case DType::i64:
      return launch_fill(encoder, out, static_cast<int64_t>(attrs.value));
    case DType::u8:
    case DType::boolean:
      return launch_fill(encoder, out, static_cast<uint8_t>(attrs.value));
    default:
      return for_floating(attrs.dtype,
                          [&]<class T> { launch_fill<T>(encoder, out, narrow<T>(static_cast<Wide<T>>(attrs.value))); });
  }
}

}  // namespace

void register_fill(KernelTable& table) {
  table.add<specs::Fill>({.encode = encode_fill});
}

}  // namespace temper::cpu
