#include "device/metal/placement.h"

#include "device/op_specs/argmax.h"
#include "device/op_specs/attention.h"
#include "device/op_specs/dequantize_weight.h"
#include "device/op_specs/embedding.h"
#include "device/op_specs/gather_rows.h"
#include "device/op_specs/kv_write.h"
#include "device/op_specs/linear_cross_entropy.h"
#include "device/op_specs/pick.h"
#include "device/op_specs/sample.h"
#include "device/op_specs/segment_mask.h"
#include "device/op_specs/softmax.h"

namespace temper::metal {

void register_all_kernels(Placement& placement);  // generated

namespace {

template <class... Specs>
void place_on_cpu(Placement& placement) {
  (placement.place_on_cpu<Specs>(), ...);
}

}  // namespace

void place_all(Placement& placement) {
  register_all_kernels(placement);
  using namespace specs;
  place_on_cpu<Argmax, Attention, AttentionBackward, DequantizeWeight, Embedding, GatherRows, ScatterAddRows, KvWrite,
               LinearCrossEntropy, Pick, PickBackward, Sample, RepetitionPenalty, SegmentMask, LogSoftmaxBackward>(
      placement);
}

}  // namespace temper::metal
