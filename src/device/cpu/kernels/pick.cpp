// One element a row, and its gradient. Ids are checked before anything is written.
#include "device/op_specs/pick.h"

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

void check_pick_ids(const int32_t* ids, int64_t n, int64_t columns) {
  for (int64_t i = 0; i < n; ++i)
    if (ids[i] >= columns)
      fail(ErrorCode::numeric, "id {} in row {} is not below {}; wrong vocabulary?", ids[i], i, columns);
}

void encode_pick(Encoder& encoder, Operands in, Operands out, const specs::Pick::Attrs&) {
  const int64_t n = in[0].dim(0), columns = in[0].dim(1);
  const auto* ids = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    cpu_encoder(encoder).launch("pick", in, out, [=](ThreadPool&) {
      check_pick_ids(ids, n, columns);
      for (int64_t i = 0; i < n; ++i) y[i] = ids[i] < 0 ? T{} : x[i * columns + ids[i]];
    });
  });
}

void encode_pick_backward(Encoder& encoder, Operands in, Operands out, const specs::PickBackward::Attrs& attrs) {
  const int64_t n = in[0].dim(0), columns = attrs.columns;
  const auto* ids = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* dy = data_of<const T>(in[0]);
    T* dx = data_of<T>(out[0]);
    cpu_encoder(encoder).launch("pick_backward", in, out, [=](ThreadPool& pool) {
      check_pick_ids(ids, n, columns);
      parallel_for(pool, n, row_grain(columns, 65536), [&](int64_t begin, int64_t end) {
        std::fill(dx + begin * columns, dx + end * columns, T{});
        for (int64_t i = begin; i < end; ++i)
          if (ids[i] >= 0) dx[i * columns + ids[i]] = dy[i];
      });
    });
  });
}

}  // namespace

void register_pick(KernelTable& table) {
  table.add<specs::Pick>({.encode = encode_pick});
  table.add<specs::PickBackward>({.encode = encode_pick_backward});
}

}  // namespace temper::cpu
