// Blocks: clang's closures, as compiled with -fblocks.
#pragma once
#include <utility>

#include "runtime/objc/object.h"
#include "runtime/objc/send.h"

namespace metalhost {

struct BlockLayout {  // clang's layout of a block literal
  void* isa;
  int flags;
  int reserved;
  void (*invoke)();
  const struct BlockDescriptor* descriptor;
};
template <>
inline constexpr bool kIsBlock<BlockLayout> = true;

BlockLayout* copy_block(const BlockLayout* block);
void release_block(const BlockLayout* block);

// A block passed to a method, copied to the heap and kept.
template <class Signature>
class Block;

template <class Result, class... Arguments>
class Block<Result(Arguments...)> {
 public:
  Block() = default;
  explicit Block(const BlockLayout* block) : block_(copy_block(block)) {}
  Block(const Block& other) : block_(copy_block(other.block_)) {}
  Block(Block&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Block& operator=(Block other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Block() { release_block(block_); }

  explicit operator bool() const { return block_ != nullptr; }
  // UBSan's check of function types can't see through a block's own type.
#if defined(__clang__)
  __attribute__((no_sanitize("function")))
#endif
  Result
  operator()(Arguments... arguments) const {
    KeepSend keep;
    return reinterpret_cast<Result (*)(const BlockLayout*, Arguments...)>(block_->invoke)(block_, arguments...);
  }

 private:
  BlockLayout* block_ = nullptr;
};

}  // namespace metalhost
