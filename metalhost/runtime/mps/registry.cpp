#include "runtime/mps/registry.h"

#include "runtime/mps/kernel.h"

extern "C" bool MPSSupportsMTLDevice(const void* device) {
  return device != nullptr;
}

namespace metalhost {

void register_mps() {
  mps::register_matrices();
  mps::register_vectors();
  mps::register_kernels();
  mps::register_multiplications();
  mps::register_softmax();
  mps::register_top_k();
  mps::register_sums();
  mps::register_copies();
}

}  // namespace metalhost
