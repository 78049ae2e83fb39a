// The mask that segments, causality and a window imply, written out.
#include "device/op_specs/segment_mask.h"

#include <limits>

#include "device/cpu/elements.h"
#include "device/cpu/segments.h"

namespace temper::cpu {
namespace {

using specs::SegmentMask;

void encode_segment_mask(Encoder& encoder, Operands in, Operands out, const SegmentMask::Attrs& attrs) {
  const int32_t* rows = data_of<const int32_t>(in[0]);
  const int64_t count = in[0].dim(0), queries = attrs.queries, keys = attrs.keys, window = attrs.window;
  const bool causal = attrs.causal;
  for_floating(attrs.dtype, [&]<class T> {
    T* mask = data_of<T>(out[0]);
    const auto body = [=](ThreadPool&, FaultReport& faults) {
      const Segments segments(rows, count, queries, keys, faults);
      std::fill_n(mask, queries * keys, narrow<T>(-std::numeric_limits<Wide<T>>::infinity()));
      for (int64_t s = 0; s < count; ++s) {
        const Segment segment = segments[s];
        for (int64_t j = 0; j < segment.queries(); ++j) {
          const KeyRange seen = visible_keys(segment, j, causal, window);
          std::fill_n(mask + (segment.q_begin + j) * keys + segment.k_begin + seen.begin, seen.size(),
                      narrow<T>(Wide<T>(0)));
        }
      }
    };
    cpu_encoder(encoder).launch_checked("segment_mask", in, out, fault_messages::segment(queries, keys), body);
  });
}

}  // namespace

void register_segment_mask(KernelTable& table) {
  table.add<SegmentMask>({.encode = encode_segment_mask});
}

}  // namespace temper::cpu
