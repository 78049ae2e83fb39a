#include "device/metal/placement.h"

namespace temper::metal {

void register_all_kernels(Placement& placement);  // generated

void place_all(Placement& placement) {
  register_all_kernels(placement);
}

}  // namespace temper::metal
