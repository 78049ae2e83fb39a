// Reference counts, the list of live objects, and zombies.
#pragma once
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#include "runtime/objc/class.h"

namespace metalhost {

void retain_object(Object* object);
void release_object(Object* object);
Object* autorelease_object(Object* object);

template <ObjectType T>
T* retain(T* object) {
  retain_object(object);
  return object;
}
inline void release(Object* object) {
  release_object(object);
}
template <ObjectType T>
T* autorelease(T* object) {
  autorelease_object(object);
  return object;
}

// Makes an object known; its class must be defined.
void enter_object(Object* object, ObjcClass* cls);
// Exempts an object from the leak report, and its last reference from release.
void make_immortal(Object* object);

bool is_dead(const void* object);

// Objects that die keep their memory, as zombies, until so many have died after them.
void set_zombie_quarantine(std::size_t count);

struct LiveObject {
  const ObjcClass* cls;
  std::string description;
  int64_t references;
  CallSite born;
};
// What is alive and not immortal, in order of creation.
std::vector<LiveObject> live_objects();

// A strong reference.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  explicit Ref(T* object) : object_(object) { retain_object(object_); }
  Ref(const Ref& other) : object_(other.object_) { retain_object(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  requires std::is_convertible_v<U*, T*> Ref(Ref<U> other) : object_(other.detach()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { release_object(object_); }

  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  T* detach() { return std::exchange(object_, nullptr); }
  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// A new instance of a defined class.
template <ObjectType T, class... Arguments>
Ref<T> make_instance(ObjcClass* cls, Arguments&&... arguments) {
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  void* memory = ::operator new(sizeof(T) < sizeof(Zombie) ? sizeof(Zombie) : sizeof(T));
  T* object;
  try {
    object = new (memory) T(std::forward<Arguments>(arguments)...);
  } catch (...) {
    ::operator delete(memory);
    throw;
  }
  enter_object(object, cls);
  return Ref<T>::adopt(object);
}
template <ObjectType T, class... Arguments>
Ref<T> make(Arguments&&... arguments) {
  return make_instance<T>(class_of<T>, std::forward<Arguments>(arguments)...);
}

}  // namespace metalhost
