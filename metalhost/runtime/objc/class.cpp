#include "runtime/objc/class.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>

#include "runtime/config.h"
#include "runtime/registry.h"

namespace metalhost {
namespace {

struct Classes {
  std::shared_mutex mutex;
  std::unordered_map<std::string, objc_selector*> selectors;
  std::unordered_map<std::string, ObjcClass*> by_name;
  std::unordered_set<const void*> pointers;
  std::vector<ObjcClass*> in_order;
};

// Never destroyed: programs send messages from static destructors.
Classes& classes() {
  static Classes* instance = new Classes;
  return *instance;
}

using Entry = std::atomic<objc_method*>;

// Zero pages until a selector is sent.
Entry* new_table() {
  void* memory =
      mmap(nullptr, kMaxSelectors * sizeof(Entry), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fputs("metalhost: out of memory for a class's method table\n", stderr);
    std::abort();
  }
  return static_cast<Entry*>(memory);
}

}  // namespace

ObjcClass* new_class(const char* name, ObjcClass* superclass, const char* fact, void* memory) {
  auto* meta = new ObjcClass{};
  meta->isa = nullptr;
  meta->table = new_table();
  meta->superclass = superclass ? superclass->isa : nullptr;
  meta->name = name;
  meta->fact = fact;
  meta->is_meta = true;
  auto* cls = memory ? new (memory) ObjcClass{} : new ObjcClass{};
  cls->isa = meta;
  cls->table = new_table();
  cls->superclass = superclass;
  cls->name = name;
  cls->fact = fact;
  cls->is_meta = false;
  if (superclass) cls->label = superclass->label;
  std::unique_lock lock(classes().mutex);
  classes().by_name[name] = cls;
  classes().pointers.insert(cls);
  classes().in_order.push_back(cls);
  return cls;
}

void add_method(ObjcClass* cls, const char* selector, IMP body, std::string types, MacOs since) {
  SEL key = sel_registerName(selector);
  cls->methods[key] = new objc_method{body, key, std::move(types), {nullptr}, since, cls};
}

objc_method* find_method(const ObjcClass* cls, SEL selector) {
  for (; cls; cls = cls->superclass) {
    auto found = cls->methods.find(selector);
    if (found != cls->methods.end()) return found->second;
  }
  return nullptr;
}

objc_method* find_available_method(const ObjcClass* cls, SEL selector) {
  objc_method* method = find_method(cls, selector);
  return method && method->since <= emulated_macos() ? method : nullptr;
}

void forget_lookups() {
  for (ObjcClass* cls : all_classes()) {
    for (ObjcClass* side : {cls, cls->isa}) {
      for (uint32_t id = 0; id < kMaxSelectors; ++id) {
        // Reading first leaves the pages that were never used alone.
        if (side->table[id].load(std::memory_order_relaxed)) side->table[id].store(nullptr, std::memory_order_release);
      }
    }
  }
}

bool is_kind_of(const ObjcClass* cls, const ObjcClass* ancestor) {
  for (; cls; cls = cls->superclass) {
    if (cls == ancestor) return true;
  }
  return false;
}

bool is_class_object(const void* pointer) {
  std::shared_lock lock(classes().mutex);
  return classes().pointers.contains(pointer);
}

std::vector<ObjcClass*> all_classes() {
  ensure_classes();
  std::shared_lock lock(classes().mutex);
  return classes().in_order;
}

void ensure_classes() {
  static std::once_flag once;
  std::call_once(once, register_classes);
}

bool returns_owned(std::string_view selector) {
  for (std::string_view family : {"alloc", "new", "copy", "mutableCopy", "init"}) {
    if (!selector.starts_with(family)) continue;
    char next = selector.size() > family.size() ? selector[family.size()] : ':';
    return next < 'a' || next > 'z';
  }
  return false;
}

}  // namespace metalhost

using metalhost::classes;

extern "C" {

SEL sel_registerName(const char* name) {
  std::unique_lock lock(classes().mutex);
  auto& selectors = classes().selectors;
  auto [entry, is_new] = selectors.try_emplace(name, nullptr);
  if (is_new) {
    auto id = static_cast<uint32_t>(selectors.size() - 1);
    if (id >= metalhost::kMaxSelectors) {
      std::fputs("metalhost: the program registers more selectors than kMaxSelectors\n", stderr);
      std::abort();
    }
    entry->second = new objc_selector{id, entry->first.c_str()};
  }
  return entry->second;
}

const char* sel_getName(SEL selector) {
  return selector->name;
}

Class objc_lookUpClass(const char* name) {
  metalhost::ensure_classes();
  std::shared_lock lock(classes().mutex);
  auto found = classes().by_name.find(name);
  return found == classes().by_name.end() ? nullptr : found->second;
}

Class objc_getClass(const char* name) {
  return objc_lookUpClass(name);
}

Protocol* objc_getProtocol(const char*) {
  return nullptr;
}

Class object_getClass(id object) {
  return object ? object->isa : nullptr;
}

const char* class_getName(Class cls) {
  return cls ? cls->name.c_str() : "nil";
}

Method class_getInstanceMethod(Class cls, SEL selector) {
  return cls ? metalhost::find_available_method(cls, selector) : nullptr;
}

const char* method_getTypeEncoding(Method method) {
  return method ? method->types.c_str() : nullptr;
}

}  // extern "C"
