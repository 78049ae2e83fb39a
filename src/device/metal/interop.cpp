#include "temper/interop/metal.h"

#include "base/fail.h"
#include "device/metal/memory.h"

namespace temper {

MTL::Device* metal_device(const Tensor& tensor) {
  if (!tensor.defined()) fail(ErrorCode::invalid_argument, "metal_device: the tensor is undefined; pass one on metal");
  if (tensor.device().type != DeviceType::metal)
    fail(ErrorCode::device_mismatch, "metal_device: {} is on {}, not on metal", to_string(tensor.spec()),
         to_string(tensor.device()));
  const metal::AutoreleaseScope scope;
  return metal::memory_of(*tensor.buffer()).buffer().device();  // which the buffer retains
}

}  // namespace temper
