#include "device/metal/mps_kernels.h"

#include "base/fail.h"

namespace temper::metal {

MPS::Kernel* MpsKernels::find(const KernelKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  ages_.splice(ages_.begin(), ages_, found->second.age);
  return found->second.kernel.get();
}

void MpsKernels::insert(const KernelKey& key, Retained<MPS::Kernel> kernel) {
  if (!kernel) fail(ErrorCode::out_of_memory, "metal: MPS made no kernel; is the device out of memory?");
  if (entries_.size() == capacity_) {
    entries_.erase(ages_.back());
    ages_.pop_back();
  }
  ages_.push_front(key);
  entries_.emplace(key, Entry{std::move(kernel), ages_.begin()});
}

}  // namespace temper::metal
