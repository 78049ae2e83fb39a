// Conversion between element types, rounding to nearest even.
#include "device/op_specs/cast.h"

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

template <class From, class To>
To convert(From x) {
  if constexpr (std::is_arithmetic_v<From> && std::is_arithmetic_v<To>)
    return static_cast<To>(x);
  else if constexpr (std::is_arithmetic_v<From>)
    return from_f32<To>(static_cast<float>(x));
  else if constexpr (std::is_arithmetic_v<To>)
    return static_cast<To>(to_f32(x));
  else
    return from_f32<To>(to_f32(x));
}

template <class From, class To>
void launch_cast(Encoder& encoder, Operands in, Operands out) {
  const From* x = data_of<const From>(in[0]);
  To* y = data_of<To>(out[0]);
  const int64_t n = in[0].elements();
  cpu_encoder(encoder).launch("cast", in, out, [=](ThreadPool& pool) {
    parallel_for(pool, n, 32768, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = convert<From, To>(x[i]);
    });
  });
}

template <class F>
void for_any(DType dtype, F&& f) {
  switch (dtype) {
    case DType::i32:
      return f.template operator()<int32_t>();
    case DType::i64:
      return f.template operator()<int64_t>();
    case DType::u8:
    case DType::boolean:
      return f.template operator()<uint8_t>();
    default:
      return for_floating(dtype, f);
  }
}

void encode_cast(Encoder& encoder, Operands in, Operands out, const specs::Cast::Attrs& attrs) {
  for_any(in[0].dtype(),
          [&]<class From> { for_any(attrs.to, [&]<class To> { launch_cast<From, To>(encoder, in, out); }); });
}

}  // namespace

void register_cast(KernelTable& table) {
  table.add<specs::Cast>({.encode = encode_cast});
}

}  // namespace temper::cpu
