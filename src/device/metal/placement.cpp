#include "device/metal/placement.h"

#include "device/op_specs/attention.h"
#include "device/op_specs/dequantize_weight.h"
#include "device/op_specs/linear_cross_entropy.h"

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
  place_on_cpu<Attention, AttentionBackward, DequantizeWeight, LinearCrossEntropy>(placement);
}

}  // namespace temper::metal
