#include "runtime/objc/pool.h"

#include <mutex>

#include "runtime/checks/report.h"

namespace metalhost {

struct PoolStack {
  std::mutex mutex;  // other threads take pools away by mistake
  std::vector<AutoreleasePool*> pools;

  AutoreleasePool* top() {
    std::lock_guard lock(mutex);
    return pools.empty() ? nullptr : pools.back();
  }
  bool remove(AutoreleasePool* pool) {
    std::lock_guard lock(mutex);
    return std::erase(pools, pool) > 0;
  }
};

namespace {

thread_local int draining = 0;
thread_local bool has_ended = false;

// A thread that ends drains what it left, as on macOS.
struct ThreadStack : PoolStack {
  ~ThreadStack() {
    while (AutoreleasePool* pool = top()) {
      release(pool);
      remove(pool);
    }
    has_ended = true;
  }
};

// What destructors do at the end of a thread, or of the program, may come after that.
PoolStack& stack_of_thread() {
  static PoolStack* const afterwards = new PoolStack;
  thread_local ThreadStack stack;
  return has_ended ? *afterwards : stack;
}

void drain(AutoreleasePool& pool) {
  ++draining;
  while (!pool.objects.empty()) {  // releasing may autorelease more
    Object* last = pool.objects.back();
    pool.objects.pop_back();
    release(last);
  }
  --draining;
}

}  // namespace

bool pool_is_draining() {
  return draining > 0;
}

void put_in_place(AutoreleasePool& pool) {
  PoolStack& stack = stack_of_thread();
  pool.stack = &stack;
  std::lock_guard lock(stack.mutex);
  stack.pools.push_back(&pool);
}

Ref<AutoreleasePool> push_pool() {
  auto pool = make<AutoreleasePool>();
  put_in_place(*pool);
  return pool;
}

AutoreleasePool::~AutoreleasePool() {
  if (!stack) return;
  if (stack != &stack_of_thread()) {
    stack->remove(this);
    report(Rule::pool_on_other_thread, this, "an autorelease pool must be drained by the thread that made it");
    drain(*this);
    return;
  }
  while (AutoreleasePool* inner = stack->top()) {  // draining an outer pool drains those inside it
    if (inner == this) break;
    release(inner);
    stack->remove(inner);
  }
  drain(*this);
  stack->remove(this);
}

Object* autorelease_object(Object* object) {
  if (!object) return object;
  if (AutoreleasePool* pool = stack_of_thread().top()) {
    pool->objects.push_back(object);
  } else {
    report(Rule::no_pool, object, "autoreleased on a thread without an autorelease pool: it leaks");
  }
  return object;
}

}  // namespace metalhost

extern "C" {
void* objc_autoreleasePoolPush() {
  metalhost::ensure_classes();
  return metalhost::push_pool().detach();
}
void objc_autoreleasePoolPop(void* pool) {
  metalhost::release(static_cast<metalhost::AutoreleasePool*>(pool));
}
}
