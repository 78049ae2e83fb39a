// Classes and their methods, registered on first use: metal-cpp looks classes up in static initialisers.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/objc/object.h"

struct objc_selector {
  uint32_t id;  // index into every class's table; objc_msgSend reads it at offset 0
  const char* name;
};

namespace metalhost {

inline constexpr uint32_t kMaxSelectors = 8192;

struct MacOs {
  int major = 0;
  int minor = 0;
  auto operator<=>(const MacOs&) const = default;
};

}  // namespace metalhost

struct objc_method {
  IMP body;  // objc_msgSend jumps here: offset 0
  SEL selector;
  std::string types;                          // see metalhost/signature.h
  std::atomic<const char*> checked{nullptr};  // a caller's signature that was found to agree
  metalhost::MacOs since;
  const objc_class* owner;
};

struct objc_class : objc_object {
  std::atomic<objc_method*>* table;  // by selector id, filled on first use; objc_msgSend reads it at offset 8
  objc_class* superclass;
  std::string name;
  std::string fact;  // the entry of facts/ that it answers to: "P:MTLBuffer", "C:MPSMatrix"; empty if ours alone
  bool is_meta;
  bool is_singleton = false;  // the runtime keeps one reference: dropping the last one is the program's mistake
  bool is_abstract = false;   // +alloc makes no sense
  void (*destroy)(metalhost::Object*) = nullptr;
  metalhost::Object* (*allocate)(objc_class*) = nullptr;
  std::string (*label)(const metalhost::Object*) = nullptr;
  std::map<SEL, objc_method*> methods;
};

namespace metalhost {

using ObjcClass = ::objc_class;

// The class object of a C++ type, once that class is defined.
template <class T>
inline ObjcClass* class_of = nullptr;

ObjcClass* root_class();    // NSObject
ObjcClass* zombie_class();  // what deallocated objects become

// A class and its metaclass, listed under its name. `fact` as in ObjcClass. `memory`: where the class object has to
// lie.
ObjcClass* new_class(const char* name, ObjcClass* superclass, const char* fact, void* memory = nullptr);
void add_method(ObjcClass* cls, const char* selector, IMP body, std::string types, MacOs since);

// The method that answers `selector`, or null; `since` of the method is not looked at.
objc_method* find_method(const ObjcClass* cls, SEL selector);
// The same, but null where the emulated macOS is too old for it.
objc_method* find_available_method(const ObjcClass* cls, SEL selector);

// Makes every class look its methods up again: what is available has changed.
void forget_lookups();

bool is_kind_of(const ObjcClass* cls, const ObjcClass* ancestor);
bool is_class_object(const void* pointer);
std::vector<ObjcClass*> all_classes();

// Registers every class of the runtime, once.
void ensure_classes();

// "new...", "alloc...", "copy...", "mutableCopy...", "init...": the caller owns the result.
bool returns_owned(std::string_view selector);

}  // namespace metalhost
