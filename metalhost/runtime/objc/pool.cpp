#include "runtime/objc/pool.h"

#include <algorithm>

#include "runtime/checks/report.h"

namespace metalhost {
namespace {

thread_local int draining = 0;

struct PoolStack {
  std::vector<AutoreleasePool*> pools;
  ~PoolStack() {  // a thread that ends drains what it left, as on macOS
    while (!pools.empty()) release(pools.back());
  }
};
thread_local PoolStack stack;

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
  pool.in_place = true;
  stack.pools.push_back(&pool);
}

Ref<AutoreleasePool> push_pool() {
  auto pool = make<AutoreleasePool>();
  put_in_place(*pool);
  return pool;
}

AutoreleasePool::~AutoreleasePool() {
  if (!in_place) return;
  auto& pools = stack.pools;
  auto position = std::find(pools.begin(), pools.end(), this);
  if (position == pools.end()) {
    report(Rule::pool_on_other_thread, this, "an autorelease pool must be drained by the thread that made it");
    for (Object* object : objects) release(object);
    return;
  }
  while (pools.back() != this) release(pools.back());  // draining an outer pool drains those inside it
  drain(*this);
  pools.pop_back();
}

Object* autorelease_object(Object* object) {
  if (!object) return object;
  if (stack.pools.empty()) {
    report(Rule::no_pool, object, "autoreleased on a thread without an autorelease pool: it leaks");
  } else {
    stack.pools.back()->objects.push_back(object);
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
