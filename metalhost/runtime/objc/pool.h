// Autorelease pools: one stack a thread.
#pragma once
#include <vector>

#include "runtime/objc/memory.h"

namespace metalhost {

struct AutoreleasePool : Object {
  std::vector<Object*> objects;
  struct PoolStack* stack = nullptr;  // of the thread that made it, once in place
  ~AutoreleasePool();
};

// Puts a new pool on the calling thread's stack; it stays until the reference is released.
Ref<AutoreleasePool> push_pool();
// -init of a pool the program allocated.
void put_in_place(AutoreleasePool& pool);
// Whether the calling thread is releasing what a pool held.
bool pool_is_draining();

// A pool for the duration of a scope, as the system puts around callbacks.
class PoolScope {
 public:
  PoolScope() : pool_(push_pool()) {}

 private:
  Ref<AutoreleasePool> pool_;
};

}  // namespace metalhost
