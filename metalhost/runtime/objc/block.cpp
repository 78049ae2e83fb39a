// The block runtime that clang's -fblocks calls.
#include "runtime/objc/block.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace metalhost {

struct BlockDescriptor {
  unsigned long reserved;
  unsigned long size;
  void (*copy)(void* to, const void* from);  // only with kHasCopyDispose
  void (*dispose)(const void* block);
};

namespace {

constexpr int kHasCopyDispose = 1 << 25;
constexpr int kFieldIsBlock = 7;
constexpr int kFieldIsByref = 8;
constexpr int kFieldMask = 31;
constexpr int kByrefOnHeap = 1 << 24;
constexpr int kByrefCountMask = 0xffff;

// A __block variable: lives on the stack until a block that uses it is copied.
struct Byref {
  void* isa;
  Byref* forwarding;
  int flags;
  int size;
  void (*keep)(Byref* to, Byref* from);  // only with kHasCopyDispose
  void (*destroy)(Byref* variable);
};

int add(int& counter, int change) {
  return std::atomic_ref<int>(counter).fetch_add(change) + change;
}

void* allocate(std::size_t size) {
  void* memory = std::malloc(size);
  if (!memory) std::abort();
  return memory;
}

}  // namespace
}  // namespace metalhost

using metalhost::BlockLayout;

extern "C" {

void* _NSConcreteStackBlock[32];
void* _NSConcreteGlobalBlock[32];
void* _NSConcreteMallocBlock[32];

#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void* _Block_copy(const void* pointer) {
  auto* block = static_cast<BlockLayout*>(const_cast<void*>(pointer));
  if (!block || block->isa == _NSConcreteGlobalBlock) return block;
  if (block->isa == _NSConcreteMallocBlock) {
    metalhost::add(block->reserved, 1);
    return block;
  }
  auto* copy = static_cast<BlockLayout*>(metalhost::allocate(block->descriptor->size));
  std::memcpy(static_cast<void*>(copy), block, block->descriptor->size);
  copy->isa = _NSConcreteMallocBlock;
  copy->reserved = 1;  // the reference count
  if (block->flags & metalhost::kHasCopyDispose) block->descriptor->copy(copy, block);
  return copy;
}

#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void _Block_release(const void* pointer) {
  auto* block = static_cast<BlockLayout*>(const_cast<void*>(pointer));
  if (!block || block->isa != _NSConcreteMallocBlock || metalhost::add(block->reserved, -1) > 0) return;
  if (block->flags & metalhost::kHasCopyDispose) block->descriptor->dispose(block);
  std::free(block);
}

#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void _Block_object_assign(void* destination, const void* source, int flags) {
  auto* slot = static_cast<const void**>(destination);
  switch (flags & metalhost::kFieldMask) {
    case metalhost::kFieldIsByref: {
      auto* variable = static_cast<metalhost::Byref*>(const_cast<void*>(source));
      auto* target = variable->forwarding;
      if (target->flags & metalhost::kByrefOnHeap) {
        metalhost::add(target->flags, 1);
      } else {  // moves to the heap once; two references: the stack frame's and the block's
        auto bytes = static_cast<std::size_t>(variable->size);
        target = static_cast<metalhost::Byref*>(metalhost::allocate(bytes));
        std::memcpy(static_cast<void*>(target), variable, bytes);
        target->forwarding = target;
        target->flags = (variable->flags & ~metalhost::kByrefCountMask) | metalhost::kByrefOnHeap | 2;
        variable->forwarding = target;
        if (variable->flags & metalhost::kHasCopyDispose) variable->keep(target, variable);
      }
      *slot = target;
      break;
    }
    case metalhost::kFieldIsBlock:
      *slot = _Block_copy(source);
      break;
    default:
      *slot = source;
  }
}

#if defined(__clang__)
__attribute__((no_sanitize("function")))
#endif
void _Block_object_dispose(const void* object, int flags) {
  switch (flags & metalhost::kFieldMask) {
    case metalhost::kFieldIsByref: {
      auto* variable = static_cast<const metalhost::Byref*>(object)->forwarding;
      if (!(variable->flags & metalhost::kByrefOnHeap)) return;
      if ((metalhost::add(variable->flags, -1) & metalhost::kByrefCountMask) != 0) return;
      if (variable->flags & metalhost::kHasCopyDispose) variable->destroy(variable);
      std::free(variable);
      break;
    }
    case metalhost::kFieldIsBlock:
      _Block_release(object);
      break;
    default:
      break;
  }
}

}  // extern "C"

namespace metalhost {

BlockLayout* copy_block(const BlockLayout* block) {
  return static_cast<BlockLayout*>(_Block_copy(block));
}
void release_block(const BlockLayout* block) {
  _Block_release(block);
}

}  // namespace metalhost
