// Rows into a key or value cache, one copy a row, in order: where targets repeat, the last one stays.
// Those that lie outside of the cache are left out.
#include "device/op_specs/kv_write.h"

#include <cstring>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

using specs::KvWrite;

void encode_kv_write(Encoder& encoder, Operands in, Operands out, const KvWrite::Attrs&) {
  const int64_t count = in[1].dim(0), capacity = in[0].dim(0);
  const size_t row_bytes = static_cast<size_t>(in[0].dim(1) * in[0].dim(2)) * size_of(in[0].dtype());
  const auto first_byte = [](const Operand& operand) {
    return memory_of(*operand.buffer).data() +
           static_cast<size_t>(operand.spec.layout.offset) * size_of(operand.dtype());
  };
  std::byte* cache = first_byte(in[0]);
  const std::byte* rows = first_byte(in[1]);
  const int32_t* at = data_of<const int32_t>(in[2]);
  const auto body = [=](ThreadPool&, FaultReport& faults) {
    for (int64_t n = 0; n < count; ++n) {
      if (at[n] < 0 || at[n] >= capacity)
        faults(n, {at[n]});
      else
        std::memcpy(cache + static_cast<size_t>(at[n]) * row_bytes, rows + static_cast<size_t>(n) * row_bytes,
                    row_bytes);
    }
  };
  cpu_encoder(encoder).launch_checked("kv_write_", in, out, fault_messages::cache_row(capacity), body);
}

}  // namespace

void register_kv_write(KernelTable& table) {
  table.add<KvWrite>({.encode = encode_kv_write});
}

}  // namespace temper::cpu
