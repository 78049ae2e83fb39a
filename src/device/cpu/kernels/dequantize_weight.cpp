// The values of a frozen weight in a floating type.
#include "device/op_specs/dequantize_weight.h"

#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::DequantizeWeight;

void encode_dequantize_weight(Encoder& encoder, Operands in, Operands out, const DequantizeWeight::Attrs& attrs) {
  const auto weight = cpu_weight(attrs.weight);
  const int64_t rows = weight->rows(), columns = weight->columns();
  for_floating(attrs.dtype, [&]<class T> {
    T* y = data_of<T>(out[0]);
    cpu_encoder(encoder).launch("dequantize_weight", in, out, [=](Workspace& work) {
      const ThreadBlocks expanded = work.scratch.take_for_threads(ScratchSlot::d, static_cast<size_t>(columns));
      parallel_for(work, rows, row_grain(columns, 65536), [&](int64_t begin, int64_t end, int thread) {
        float* row = expanded[thread];
        for (int64_t r = begin; r < end; ++r) {
          expand_rows(*weight, r, r + 1, row);
          for (int64_t c = 0; c < columns; ++c) y[r * columns + c] = narrow<T>(row[c]);
        }
      });
    });
  });
}

}  // namespace

void register_dequantize_weight(KernelTable& table) {
  table.add<DequantizeWeight>({.encode = encode_dequantize_weight});
}

}  // namespace temper::cpu
