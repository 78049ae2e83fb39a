#include "device/metal/mps_kernels.h"

#include <fmt/format.h>

#include "base/fail.h"

namespace temper::metal {

std::string KernelKey::text() const {
  static constexpr std::string_view kNames[] = {"product",          "vector product", "softmax", "log softmax",
                                                "softmax gradient", "top-k",          "copy"};
  return fmt::format("{} {}x{}x{} {}{}", kNames[static_cast<size_t>(kind)], rows, columns, interior,
                     trans_left ? 't' : 'n', trans_right ? 't' : 'n');
}

MPS::Kernel* MpsKernels::find(const KernelKey& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  ages_.splice(ages_.begin(), ages_, found->second.age);
  return found->second.kernel.get();
}

void MpsKernels::insert(const KernelKey& key, Retained<MPS::Kernel> kernel) {
  if (!kernel) fail(ErrorCode::out_of_memory, "metal: MPS made no kernel; is the device out of memory?");
  kernel->setLabel(metal::text(key.text()));
  if (entries_.size() == capacity_) {
    entries_.erase(ages_.back());
    ages_.pop_back();
  }
  ages_.push_front(key);
  entries_.emplace(key, Entry{std::move(kernel), ages_.begin()});
}

}  // namespace temper::metal
