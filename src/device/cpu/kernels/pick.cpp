// One element a row, and its gradient.
#include "device/op_specs/pick.h"

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

/// The column that row i picks; -1: none, be it asked for or wrong.
int64_t picked_column(const int32_t* ids, int64_t i, int64_t columns, FaultReport& faults) {
  if (ids[i] < columns) return std::max(ids[i], -1);
  faults(i, {ids[i]});
  return -1;
}

void encode_pick(Encoder& encoder, Operands in, Operands out, const specs::Pick::Attrs&) {
  const int64_t n = in[0].dim(0), columns = in[0].dim(1);
  const auto* ids = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    const auto body = [=](ThreadPool&, FaultReport& faults) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t column = picked_column(ids, i, columns, faults);
        y[i] = column < 0 ? T{} : x[i * columns + column];
      }
    };
    cpu_encoder(encoder).launch_checked("pick", in, out, fault_messages::pick(columns), body);
  });
}

void encode_pick_backward(Encoder& encoder, Operands in, Operands out, const specs::PickBackward::Attrs& attrs) {
  const int64_t n = in[0].dim(0), columns = attrs.columns;
  const auto* ids = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* dy = data_of<const T>(in[0]);
    T* dx = data_of<T>(out[0]);
    const auto body = [=](ThreadPool& pool, FaultReport& faults) {
      parallel_for(pool, n, row_grain(columns, 65536), [&](int64_t begin, int64_t end) {
        std::fill(dx + begin * columns, dx + end * columns, T{});
        for (int64_t i = begin; i < end; ++i)
          if (const int64_t column = picked_column(ids, i, columns, faults); column >= 0)
            dx[i * columns + column] = dy[i];
      });
    };
    cpu_encoder(encoder).launch_checked("pick_backward", in, out, fault_messages::pick(columns), body);
  });
}

}  // namespace

void register_pick(KernelTable& table) {
  table.add<specs::Pick>({.encode = encode_pick});
  table.add<specs::PickBackward>({.encode = encode_pick_backward});
}

}  // namespace temper::cpu
