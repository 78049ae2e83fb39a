// Rows of a frozen table by token id.
#include "device/op_specs/embedding.h"

#include "device/cpu/panels.h"
#include "device/cpu/weight_product.h"

namespace temper::cpu {
namespace {

using specs::Embedding;

void encode_embedding(Encoder& encoder, Operands in, Operands out, const Embedding::Attrs& attrs) {
  const auto table = cpu_weight(attrs.table);
  const int64_t n = in[0].elements(), width = table->columns(), vocabulary = table->rows();
  const int32_t* ids = data_of<const int32_t>(in[0]);
  for_floating(attrs.dtype, [&]<class T> {
    T* y = data_of<T>(out[0]);
    const auto body = [=](Workspace& work, FaultReport& faults) {
      const ThreadBlocks expanded = work.scratch.take_for_threads(ScratchSlot::d, static_cast<size_t>(width));
      parallel_for(work, n, row_grain(width), [&](int64_t begin, int64_t end, int thread) {
        float* row = expanded[thread];
        for (int64_t i = begin; i < end; ++i) {
          if (ids[i] < 0 || ids[i] >= vocabulary) {
            faults(i, {ids[i]});
            std::fill_n(y + i * width, width, T{});
            continue;
          }
          expand_rows(*table, ids[i], ids[i] + 1, row);
          for (int64_t c = 0; c < width; ++c) y[i * width + c] = narrow<T>(row[c]);
        }
      });
    };
    cpu_encoder(encoder).launch_checked("embedding", in, out, fault_messages::embedding(vocabulary), body);
  });
}

}  // namespace

void register_embedding(KernelTable& table) {
  table.add<Embedding>({.encode = encode_embedding});
}

}  // namespace temper::cpu
