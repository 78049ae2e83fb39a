#include "runtime/objc/memory.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "runtime/checks/report.h"
#include "runtime/objc/pool.h"
#include "runtime/objc/send.h"

namespace metalhost {
namespace {

constexpr int64_t kImmortal = int64_t{1} << 40;

struct KnownObjects {
  std::mutex mutex;
  Object* first_live = nullptr;
  uint64_t serial = 0;
  std::deque<Zombie*> zombies;
  std::size_t quarantine = 1 << 16;
};

KnownObjects& known() {
  static KnownObjects* instance = new KnownObjects;
  return *instance;
}

void leave_live_list(Object* object) {
  if (object->previous) {
    object->previous->next = object->next;
  } else {
    known().first_live = object->next;
  }
  if (object->next) object->next->previous = object->previous;
}

void trim_quarantine() {
  auto& zombies = known().zombies;
  while (zombies.size() > known().quarantine) {
    zombies.front()->~Zombie();
    ::operator delete(zombies.front());
    zombies.pop_front();
  }
}

void deallocate(Object* object) {
  ObjcClass* cls = object->isa;
  uint64_t serial = object->serial;
  CallSite born = object->born;
  std::string label = cls->label ? cls->label(object) : std::string();
  {
    std::lock_guard lock(known().mutex);
    leave_live_list(object);
  }
  {
    DeferReports no_throwing_from_destructors;
    cls->destroy(object);
  }
  auto* zombie = new (static_cast<void*>(object)) Zombie;
  zombie->isa = zombie_class();
  zombie->references = 0;
  zombie->serial = serial;
  zombie->born = born;
  zombie->was = cls;
  zombie->label = std::move(label);
  zombie->died = current_send.site;
  zombie->died_in_pool = pool_is_draining();
  std::lock_guard lock(known().mutex);
  known().zombies.push_back(zombie);
  trim_quarantine();
}

}  // namespace

void enter_object(Object* object, ObjcClass* cls) {
  object->isa = cls;
  object->born = current_send.site;
  std::lock_guard lock(known().mutex);
  object->serial = ++known().serial;
  object->next = known().first_live;
  if (object->next) object->next->previous = object;
  known().first_live = object;
}

void make_immortal(Object* object) {
  object->references = kImmortal;
}

bool is_dead(const void* object) {
  return object && static_cast<const Object*>(object)->isa == zombie_class();
}

void retain_object(Object* object) {
  if (object) object->references.fetch_add(1, std::memory_order_relaxed);
}

void release_object(Object* object) {
  if (!object) return;
  if (is_dead(object)) {
    report(Rule::over_release, object,
           pool_is_draining() ? "the autorelease pool still held it: it was released once too often before"
                              : "released, but it has no references left");
    return;
  }
  if (object->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (object->isa->is_singleton) {
    object->references = 1;
    report(Rule::over_release, object, "its last reference belongs to the system, and is released by the program");
    return;
  }
  deallocate(object);
}

void set_zombie_quarantine(std::size_t count) {
  std::lock_guard lock(known().mutex);
  known().quarantine = count;
  trim_quarantine();
}

std::vector<LiveObject> live_objects() {
  std::vector<LiveObject> found;
  std::lock_guard lock(known().mutex);
  for (Object* object = known().first_live; object; object = object->next) {
    int64_t references = object->references;
    if (references >= kImmortal / 2 || object->isa->is_singleton) continue;
    found.push_back({object->isa, describe(object), references, object->born});
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace metalhost

extern "C" {
id objc_retain(id object) {
  metalhost::retain_object(static_cast<metalhost::Object*>(object));
  return object;
}
void objc_release(id object) {
  metalhost::release_object(static_cast<metalhost::Object*>(object));
}
id objc_autorelease(id object) {
  return metalhost::autorelease_object(static_cast<metalhost::Object*>(object));
}
}
