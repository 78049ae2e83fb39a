// NSObject, NSAutoreleasePool and what objects become when they die.
#include "runtime/objc/root.h"

#include "runtime/checks/report.h"
#include "runtime/foundation/string.h"
#include "runtime/objc/define.h"
#include "runtime/objc/pool.h"

namespace metalhost {
namespace {

struct PlainObject : Object {};

ObjcClass* root = nullptr;
ObjcClass* zombie = nullptr;

uint64_t this_thread() {
  thread_local char identity;
  return reinterpret_cast<uint64_t>(&identity);
}

}  // namespace

ObjcClass* root_class() {
  return root;
}
ObjcClass* zombie_class() {
  return zombie;
}

bool check_object_argument(const Object* value, const ObjcClass* expected, int index, bool may_be_nil) {
  auto argument = [&] { return "argument " + std::to_string(index); };
  if (!value) {
    if (!may_be_nil) report(Rule::nil_argument, nullptr, argument() + " must be a " + expected->name);
    return may_be_nil;
  }
  if (value->isa == expected) [[likely]]
    return true;
  if (value->isa == zombie) {
    bool in_pool = static_cast<const Zombie*>(value)->died_in_pool;
    report(in_pool ? Rule::use_after_pool : Rule::use_after_release, value,
           argument() + (in_pool ? " went with its autorelease pool" : " is deallocated"));
    return false;
  }
  if (!is_class_object(value->isa)) {
    report(Rule::wrong_class, nullptr, argument() + " is no object; expected a " + expected->name);
    return false;
  }
  if (!is_kind_of(value->isa, expected)) {
    report(Rule::wrong_class, value, argument() + " must be a " + expected->name);
    return false;
  }
  return true;
}

EnterSingleThreaded::EnterSingleThreaded(SingleThreaded& object) : object_(nullptr) {
  uint64_t user = 0, me = this_thread();
  if (object.user.compare_exchange_strong(user, me)) {
    object_ = &object;
  } else if (user != me) {
    report(Rule::concurrent_use, &object, "another thread is inside one of its methods");
  }
}
EnterSingleThreaded::~EnterSingleThreaded() {
  if (object_) object_->user = 0;
}

void register_root() {
  zombie = new_class("zombie", nullptr, "");
  ClassBuilder<PlainObject> builder("NSObject", nullptr, "C:NSObject");
  root = builder.get();
  class_of<Object> = root;
  builder.method("retain", [](Object& self) { return retain(&self); })
      .method("release", [](Object& self) { release(&self); })
      .method("autorelease", [](Object& self) { return autorelease(&self); })
      .method("retainCount", [](Object& self) { return static_cast<uint64_t>(self.references.load()); })
      .method("hash", [](Object& self) { return static_cast<uint64_t>(reinterpret_cast<uintptr_t>(&self)); })
      .method("isEqual:", [](Object& self, Object* other) { return &self == other; })
      .method("init", [](Object& self) { return &self; })
      .method("description", [](Object& self) { return make_string(describe(&self)); })
      .method("debugDescription", [](Object& self) { return make_string(describe(&self)); })
      .method("respondsToSelector:",
              [](Object& self, SEL selector) { return find_available_method(self.isa, selector) != nullptr; })
      .method("methodSignatureForSelector:", [](Object&, SEL) -> Object* { return nullptr; })
      .class_method("alloc",
                    [](ObjcClass& cls) -> Object* {
                      if (cls.is_abstract || !cls.allocate) {
                        report(Rule::abstract_class, reinterpret_cast<Object*>(&cls),
                               "programs can't create instances of it");
                        return nullptr;
                      }
                      return cls.allocate(&cls);
                    })
      .class_method("retain", [](ObjcClass& cls) { return reinterpret_cast<Object*>(&cls); })
      .class_method("release", [](ObjcClass&) {})
      .class_method("respondsToSelector:",
                    [](ObjcClass& cls, SEL selector) { return find_available_method(cls.isa, selector) != nullptr; });

  ClassBuilder<AutoreleasePool>("NSAutoreleasePool", root, "C:NSAutoreleasePool")
      .method("init",
              [](AutoreleasePool& self) {
                put_in_place(self);
                return &self;
              })
      .method("drain", [](AutoreleasePool& self) { release(&self); })
      .method("addObject:", [](AutoreleasePool& self, Object& object) { self.objects.push_back(&object); })
      .class_method("showPools", [](ObjcClass&) {});
}

}  // namespace metalhost
