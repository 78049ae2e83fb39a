#include "device/metal/blit.h"

#include "base/fail.h"
#include "device/metal/memory.h"

namespace temper::metal {
namespace {

size_t first_byte(const Operand& operand) {
  TEMPER_ASSERT(operand.spec.layout.is_contiguous());
  return memory_of(*operand.buffer).offset() +
         static_cast<size_t>(operand.spec.layout.offset) * size_of(operand.dtype());
}

}  // namespace

void encode_copy(OpenCommands& commands, const Operand& from, const Operand& to) {
  const size_t bytes = from.spec.bytes();
  TEMPER_ASSERT(bytes == to.spec.bytes());
  if (bytes == 0) return;
  MTL::BlitCommandEncoder* blit = commands.buffer.blitCommandEncoder();
  blit->setLabel(text("copy"));
  blit->copyFromBuffer(&memory_of(*from.buffer).buffer(), first_byte(from), &memory_of(*to.buffer).buffer(),
                       first_byte(to), bytes);
  blit->endEncoding();
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
}

void encode_fill(OpenCommands& commands, const Operand& to, uint8_t byte) {
  if (to.spec.bytes() == 0) return;
  MTL::BlitCommandEncoder* blit = commands.buffer.blitCommandEncoder();
  blit->setLabel(text("fill"));
  blit->fillBuffer(&memory_of(*to.buffer).buffer(), NS::Range::Make(first_byte(to), to.spec.bytes()), byte);
  blit->endEncoding();
  ++commands.counters.encoders;
  ++commands.counters.dispatches;
}

}  // namespace temper::metal
