// Strided copy: y = x, element by element; rows of unit stride are block copies.
#include "device/op_specs/copy.h"

#include <cstring>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

template <class T>
void encode_copy_of(Encoder& encoder, Operands in, Operands out) {
  const T* from = data_of<const T>(in[0]);
  T* to = data_of<T>(out[0]);
  const RowIndex rows(in[0].spec.layout);
  cpu_encoder(encoder).launch("copy", in, out, [=](ThreadPool& pool) {
    const int64_t n = rows.columns(), stride = rows.stride();
    if (n == 0) return;
    parallel_for(pool, rows.rows(), row_grain(n, 65536), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* x = from + rows(r);
        T* y = to + r * n;
        if (stride == 1)
          std::memcpy(y, x, static_cast<size_t>(n) * sizeof(T));
        else
          for (int64_t i = 0; i < n; ++i) y[i] = x[i * stride];
      }
    });
  });
}

void encode_copy(Encoder& encoder, Operands in, Operands out, const specs::Copy::Attrs&) {
  switch (size_of(in[0].dtype())) {
    case 1:
      return encode_copy_of<uint8_t>(encoder, in, out);
    case 2:
      return encode_copy_of<uint16_t>(encoder, in, out);
    case 4:
      return encode_copy_of<uint32_t>(encoder, in, out);
    default:
      return encode_copy_of<uint64_t>(encoder, in, out);
  }
}

}  // namespace

void register_copy(KernelTable& table) {
  table.add<specs::Copy>({.encode = encode_copy, .takes_strided = true});
}

}  // namespace temper::cpu
