// Index of the largest value of each row, the first of equals.
#include "device/op_specs/argmax.h"

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

void encode_argmax(Encoder& encoder, Operands in, Operands out, const specs::Argmax::Attrs&) {
  const int64_t columns = in[0].dim(-1), rows = in[0].elements() / columns;
  auto* y = data_of<int32_t>(out[0]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    const auto body = [=](ThreadPool& pool, FaultReport& faults) {
      parallel_for(pool, rows, row_grain(columns), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          const T* row = x + r * columns;
          int64_t best = 0;
          for (int64_t i = 0; i < columns; ++i) {
            if (widen(row[i]) != widen(row[i])) {
              faults(r, {static_cast<int32_t>(i)});
              best = 0;
              break;
            }
            if (widen(row[i]) > widen(row[best])) best = i;
          }
          y[r] = static_cast<int32_t>(best);
        }
      });
    };
    cpu_encoder(encoder).launch_checked("argmax", in, out, fault_messages::nan_in_row(), body);
  });
}

}  // namespace

void register_argmax(KernelTable& table) {
  table.add<specs::Argmax>({.encode = encode_argmax});
}

}  // namespace temper::cpu
