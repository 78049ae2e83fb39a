#include "runtime/metal/bound_blocks.h"

#include <algorithm>
#include <cstring>

#include "msl/config.h"

namespace metalhost {

std::vector<BoundBlock> bound_blocks(const msl::KernelEntry& kernel, const Dispatch& dispatch) {
  std::vector<BoundBlock> pieces, blocks;
  for (int i = 0; i < kernel.argument_count; ++i) {
    const msl::Argument& argument = kernel.arguments[i];
    if (argument.kind != msl::ArgumentKind::buffer) continue;
    auto bytes = dispatch.arguments[static_cast<std::size_t>(argument.index)];
    if (!bytes.empty()) pieces.push_back({bytes, argument.writes});
  }
  std::sort(pieces.begin(), pieces.end(), [](auto& a, auto& b) { return a.bytes.data() < b.bytes.data(); });
  for (const BoundBlock& piece : pieces) {
    std::byte* end = piece.bytes.data() + piece.bytes.size();
    if (blocks.empty() || piece.bytes.data() >= blocks.back().bytes.data() + blocks.back().bytes.size()) {
      blocks.push_back(piece);
      continue;
    }
    auto& last = blocks.back();
    last.bytes = {last.bytes.data(), std::max(end, last.bytes.data() + last.bytes.size())};
    last.writes |= piece.writes;
  }
  return blocks;
}

void bind_buffers(msl::Launch& launch, const Dispatch& dispatch, std::span<const BoundBlock> blocks,
                  std::span<std::byte* const> moved) {
  for (std::size_t i = 0; i < dispatch.arguments.size(); ++i) {
    std::byte* data = dispatch.arguments[i].data();
    launch.buffers[i] = data;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      auto from = blocks[b].bytes;
      if (data >= from.data() && data < from.data() + from.size()) launch.buffers[i] = moved[b] + (data - from.data());
    }
  }
}

GuardedBlocks::GuardedBlocks(std::span<const BoundBlock> blocks) : blocks_(blocks) {
  for (const BoundBlock& block : blocks) {
    if (METALHOST_MSL_ASAN) {
      copies_.emplace_back(new std::byte[block.bytes.size()]);
      std::memcpy(copies_.back().get(), block.bytes.data(), block.bytes.size());
    }
    memory_.push_back(METALHOST_MSL_ASAN ? copies_.back().get() : block.bytes.data());
  }
}

GuardedBlocks::~GuardedBlocks() {
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    std::memcpy(blocks_[i].bytes.data(), copies_[i].get(), blocks_[i].bytes.size());
  }
}

}  // namespace metalhost
