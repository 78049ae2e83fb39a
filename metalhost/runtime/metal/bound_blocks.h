// The memory that a dispatch binds for a kernel, in blocks: bindings that overlap share one.
#pragma once
#include <metalhost/host_kernel.h>

#include <memory>
#include <vector>

#include "msl/include/compile/metalhost_interface.h"
#include "msl/runner/threadgroups.h"

namespace metalhost {

struct BoundBlock {
  std::span<std::byte> bytes;
  bool writes = false;  // by one of the bindings
};
std::vector<BoundBlock> bound_blocks(const msl::KernelEntry& kernel, const Dispatch& dispatch);

// Gives the kernel its buffers, those in a block where the block's memory is: moved[i] stands for blocks[i].
void bind_buffers(msl::Launch& launch, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
                  std::span<std::byte* const> moved);

// Under AddressSanitizer each block is a heap block of its own for the time of the dispatch, so that every access past
// what is bound is found.
class GuardedBlocks {
 public:
  explicit GuardedBlocks(std::span<const BoundBlock> blocks);
  ~GuardedBlocks();
  GuardedBlocks(const GuardedBlocks&) = delete;
  GuardedBlocks& operator=(const GuardedBlocks&) = delete;
  std::span<std::byte* const> memory() const { return memory_; }

 private:
  std::span<const BoundBlock> blocks_;
  std::vector<std::unique_ptr<std::byte[]>> copies_;
  std::vector<std::byte*> memory_;
};

}  // namespace metalhost
