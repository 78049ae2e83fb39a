#include "device/metal/placement.h"

#include "device/op_specs/accumulate.h"
#include "device/op_specs/adamw.h"
#include "device/op_specs/argmax.h"
#include "device/op_specs/attention.h"
#include "device/op_specs/binary.h"
#include "device/op_specs/cast.h"
#include "device/op_specs/concat.h"
#include "device/op_specs/dequantize_weight.h"
#include "device/op_specs/dropout.h"
#include "device/op_specs/embedding.h"
#include "device/op_specs/fill.h"
#include "device/op_specs/gather_rows.h"
#include "device/op_specs/kv_write.h"
#include "device/op_specs/layer_norm.h"
#include "device/op_specs/linear_cross_entropy.h"
#include "device/op_specs/norm.h"
#include "device/op_specs/pad.h"
#include "device/op_specs/pick.h"
#include "device/op_specs/reduce.h"
#include "device/op_specs/rms_norm.h"
#include "device/op_specs/rope.h"
#include "device/op_specs/sample.h"
#include "device/op_specs/segment_mask.h"
#include "device/op_specs/softmax.h"
#include "device/op_specs/swiglu.h"
#include "device/op_specs/unary.h"

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
  place_on_cpu<Accumulate, AdamW, Argmax, Attention, AttentionBackward, Binary, Cast, Concat, DequantizeWeight, Dropout,
               Embedding, Fill, GatherRows, ScatterAddRows, KvWrite, LayerNorm, LayerNormBackward, LinearCrossEntropy,
               SumOfSquares, Pad, Pick, PickBackward, Reduce, RmsNormBackward, Rope, Sample, RepetitionPenalty,
               SegmentMask, LogSoftmaxBackward, Swiglu, SwigluBackward, Unary, UnaryBackward>(placement);
}

}  // namespace temper::metal
