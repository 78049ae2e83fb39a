// The k largest values of each row by partial sort: O(V log k) a row, 4 V bytes of memory a thread.
#include "device/op_specs/top_k.h"

#include <numeric>
#include <vector>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

template <class T>
void launch_top_k(Encoder& encoder, Operands in, Operands out, int64_t k) {
  const int64_t columns = in[0].dim(-1), rows = columns ? in[0].elements() / columns : 0;
  const T* x = data_of<const T>(in[0]);
  T* values = data_of<T>(out[0]);
  auto* indices = data_of<int32_t>(out[1]);
  const auto body = [=](ThreadPool& pool, FaultReport& faults) {
    parallel_for(pool, rows, row_grain(columns), [&](int64_t begin, int64_t end) {
      std::vector<int32_t> order(static_cast<size_t>(columns));
      for (int64_t r = begin; r < end; ++r) {
        const T* row = x + r * columns;
        const T* nan = std::find_if(row, row + columns, [](T value) { return widen(value) != widen(value); });
        if (nan != row + columns) {
          faults(r, {static_cast<int32_t>(nan - row)});
          std::fill_n(values + r * k, k, T{});
          std::fill_n(indices + r * k, k, 0);
          continue;
        }
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int32_t a, int32_t b) {
          return widen(row[a]) > widen(row[b]) || (widen(row[a]) == widen(row[b]) && a < b);
        });
        for (int64_t i = 0; i < k; ++i) {
          indices[r * k + i] = order[static_cast<size_t>(i)];
          values[r * k + i] = row[order[static_cast<size_t>(i)]];
        }
      }
    });
  };
  cpu_encoder(encoder).launch_checked("top_k", in, out, fault_messages::nan_in_row(), body);
}

void encode_top_k(Encoder& encoder, Operands in, Operands out, const specs::TopK::Attrs& attrs) {
  for_floating(in[0].dtype(), [&]<class T> { launch_top_k<T>(encoder, in, out, attrs.k); });
}

}  // namespace

void register_top_k(KernelTable& table) {
  table.add<specs::TopK>({.encode = encode_top_k});
}

}  // namespace temper::cpu
