// Rows by number, and the adjoint. scatter_add groups the source rows by destination with a stable counting sort, so
// that each destination adds its rows in their order, whatever the threads: O(N + rows) words of memory.
#include "device/op_specs/gather_rows.h"

#include <cstring>
#include <vector>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

bool is_row(int32_t id, int64_t rows) {
  return id >= 0 && id < rows;
}

int64_t elements_per_row(const Shape& shape) {
  int64_t n = 1;
  for (int d = 1; d < shape.rank(); ++d) n *= shape[d];
  return n;
}

void encode_gather_rows(Encoder& encoder, Operands in, Operands out, const specs::GatherRows::Attrs&) {
  const int64_t rows = in[0].dim(0), n = in[1].dim(0);
  const size_t element = size_of(in[0].dtype());
  const size_t row_bytes = static_cast<size_t>(elements_per_row(in[0].shape())) * element;
  const std::byte* x = memory_of(*in[0].buffer).data() + static_cast<size_t>(in[0].spec.layout.offset) * element;
  std::byte* y = memory_of(*out[0].buffer).data();
  const auto* ids = data_of<const int32_t>(in[1]);
  const auto body = [=](ThreadPool& pool, FaultReport& faults) {
    parallel_for(pool, n, row_grain(static_cast<int64_t>(row_bytes), 1 << 18), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        std::byte* to = y + static_cast<size_t>(i) * row_bytes;
        if (!is_row(ids[i], rows)) {
          faults(i, {ids[i]});
          std::fill_n(to, row_bytes, std::byte{});
        } else if (row_bytes > 0) {
          std::memcpy(to, x + static_cast<size_t>(ids[i]) * row_bytes, row_bytes);
        }
      }
    });
  };
  cpu_encoder(encoder).launch_checked("gather_rows", in, out, fault_messages::row_id(rows), body);
}

template <class T>
void add_rows_of(const T* x, const int32_t* sources, int64_t count, T* y, int64_t columns) {
  using W = Wide<T>;
  constexpr int64_t kBlock = 256;  // columns whose sums stay in cache
  W sums[kBlock];
  for (int64_t at = 0; at < columns; at += kBlock) {
    const int64_t width = std::min(kBlock, columns - at);
    std::fill_n(sums, width, W(0));
    for (int64_t s = 0; s < count; ++s)
      for (int64_t i = 0; i < width; ++i) sums[i] += widen(x[sources[s] * columns + at + i]);
    for (int64_t i = 0; i < width; ++i) y[at + i] = narrow<T>(sums[i]);
  }
}

void encode_scatter_add_rows(Encoder& encoder, Operands in, Operands out, const specs::ScatterAddRows::Attrs& attrs) {
  const int64_t n = in[0].dim(0), rows = attrs.rows, columns = elements_per_row(in[0].shape());
  const auto* ids = data_of<const int32_t>(in[1]);
  for_floating(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    T* y = data_of<T>(out[0]);
    const auto body = [=](ThreadPool& pool, FaultReport& faults) {
      std::vector<int32_t> begins(static_cast<size_t>(rows) + 1), sources(static_cast<size_t>(n));
      for (int64_t i = 0; i < n; ++i) {
        if (is_row(ids[i], rows))
          ++begins[static_cast<size_t>(ids[i]) + 1];
        else
          faults(i, {ids[i]});
      }
      for (size_t r = 0; r < static_cast<size_t>(rows); ++r) begins[r + 1] += begins[r];
      std::vector<int32_t> next(begins.begin(), begins.end() - 1);
      for (int64_t i = 0; i < n; ++i)
        if (is_row(ids[i], rows))
          sources[static_cast<size_t>(next[static_cast<size_t>(ids[i])]++)] = static_cast<int32_t>(i);
      parallel_for(pool, rows, row_grain(columns), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          const int32_t first = begins[static_cast<size_t>(r)], last = begins[static_cast<size_t>(r) + 1];
          add_rows_of(x, sources.data() + first, last - first, y + r * columns, columns);
        }
      });
    };
    cpu_encoder(encoder).launch_checked("scatter_add_rows", in, out, fault_messages::row_id(rows), body);
  });
}

}  // namespace

void register_gather_rows(KernelTable& table) {
  table.add<specs::GatherRows>({.encode = encode_gather_rows});
  table.add<specs::ScatterAddRows>({.encode = encode_scatter_add_rows});
}

}  // namespace temper::cpu
