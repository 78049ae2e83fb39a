// How classes are written down:
//
//   struct Descriptor : Object { uint64_t rows = 0; };
//
//   ClassBuilder<Descriptor>("MPSMatrixDescriptor", root_class(), "C:MPSMatrixDescriptor")
//       .class_method("matrixDescriptorWithRows:", [](ObjcClass&, uint64_t rows) {
//         auto descriptor = make<Descriptor>();
//         descriptor->rows = rows;
//         return descriptor;   // a Ref: handed over as owned or autoreleased, by the selector's name
//       })
//       .method("rows", [](Descriptor& self) { return self.rows; });
//
// Bodies are lambdas without captures: (Self&, arguments...) -> result. Their types are the method's declared types, to
// which every caller's are compared. Argument types: numbers, structs, pointers as they are; `T&` an object that must
// be there, `T*` one that may be nil (both are checked to be alive and of that class before the body runs);
// `Block<R(A...)>` a block, copied. Results: Ref<T> as above; `T*` borrowed, and for -init... self or, on failure,
// nullptr.
#pragma once
#include <type_traits>

#include "runtime/objc/block.h"
#include "runtime/objc/class.h"
#include "runtime/objc/memory.h"

namespace metalhost {

// Reports and says no when an object argument is dead, of another class, or nil where it must not be.
bool check_object_argument(const Object* value, const ObjcClass* expected, int index, bool may_be_nil);

// MTLSTR("...") makes clang lay out a constant string of its own; this gives the String that stands for it. Other
// objects are themselves.
Object* without_literals(Object* object);

// Base of objects that only one thread at a time may use: methods report when they overlap.
struct SingleThreaded : Object {
  std::atomic<uint64_t> user{0};  // the thread inside a method, 0 if none
};
class EnterSingleThreaded {
 public:
  explicit EnterSingleThreaded(SingleThreaded& object);
  ~EnterSingleThreaded();
  EnterSingleThreaded(const EnterSingleThreaded&) = delete;
  EnterSingleThreaded& operator=(const EnterSingleThreaded&) = delete;

 private:
  SingleThreaded* object_;
};

// The types that a literal may be passed as.
template <class T>
inline constexpr bool kMayBeLiteral = std::is_same_v<T, Object> || std::is_same_v<T, struct String>;
template <class T>
T* checked_object(T* object) {
  if constexpr (kMayBeLiteral<T>) {
    return static_cast<T*>(without_literals(object));
  } else {
    return object;
  }
}

template <class A>
struct Argument {
  using Abi = A;
  static bool check(Abi, int) { return true; }
  static A pass(Abi value) { return value; }
};
template <ObjectType T>
struct Argument<T*> {
  using Abi = T*;
  static bool check(Abi value, int index) { return check_object_argument(value, class_of<T>, index, true); }
  static T* pass(Abi value) { return checked_object(value); }
};
template <ObjectType T>
struct Argument<T&> {
  using Abi = T*;
  static bool check(Abi value, int index) { return check_object_argument(value, class_of<T>, index, false); }
  static T& pass(Abi value) { return *checked_object(value); }
};
template <class S>
struct Argument<Block<S>> {
  using Abi = BlockLayout*;
  static bool check(Abi, int) { return true; }
  static Block<S> pass(Abi value) { return Block<S>(value); }
};

template <class R>
struct Returned {
  using Abi = R;
};
template <class T>
struct Returned<Ref<T>> {
  using Abi = T*;
};

template <class Body, bool kOwned, class Self, class R, class... A>
struct Thunk {
  using AbiResult = typename Returned<R>::Abi;

  static AbiResult call(Self* self, SEL, typename Argument<A>::Abi... arguments) {
    if constexpr (kMayBeLiteral<Self>) self = checked_object(self);
    [[maybe_unused]] int index = 0;
    if (!(Argument<A>::check(arguments, ++index) && ...)) return AbiResult();
    if constexpr (std::is_base_of_v<SingleThreaded, Self>) {
      EnterSingleThreaded guard(*self);
      return answer(self, arguments...);
    } else {
      return answer(self, arguments...);
    }
  }

 private:
  static AbiResult answer(Self* self, typename Argument<A>::Abi... arguments) {
    if constexpr (!std::is_same_v<R, AbiResult>) {  // Ref
      R result = Body{}(*self, Argument<A>::pass(arguments)...);
      return kOwned ? result.detach() : autorelease(result.detach());
    } else if constexpr (kOwned && std::is_pointer_v<R> && std::is_same_v<Self*, R>) {  // -init...
      R result = Body{}(*self, Argument<A>::pass(arguments)...);
      if (result != self) release(self);
      return result;
    } else {
      return Body{}(*self, Argument<A>::pass(arguments)...);
    }
  }
};

template <class T>
class ClassBuilder {
 public:
  ClassBuilder(const char* name, ObjcClass* superclass, const char* fact) : class_(new_class(name, superclass, fact)) {
    class_of<T> = class_;
    class_->destroy = [](Object* object) { static_cast<T*>(object)->~T(); };
    if constexpr (requires(const T& object) { object.label_text(); }) {
      class_->label = [](const Object* object) { return static_cast<const T*>(object)->label_text(); };
    }
    if constexpr (std::is_default_constructible_v<T>) {
      class_->allocate = [](ObjcClass* cls) -> Object* { return make_instance<T>(cls).detach(); };
    }
  }

  // +alloc is not for the program: instances come from other objects.
  ClassBuilder& abstract() {
    class_->is_abstract = true;
    return *this;
  }
  ClassBuilder& singleton() {
    class_->is_singleton = true;
    return *this;
  }

  template <class Body>
  ClassBuilder& method(const char* selector, Body, MacOs since = {}) {
    add<Body>(class_, selector, since, &Body::operator());
    return *this;
  }
  template <class Body>
  ClassBuilder& class_method(const char* selector, Body, MacOs since = {}) {
    add<Body>(class_->isa, selector, since, &Body::operator());
    return *this;
  }

  ObjcClass* get() const { return class_; }

 private:
  template <class Body, class Lambda, class R, class Self, class... A>
  static void add(ObjcClass* cls, const char* selector, MacOs since, R (Lambda::*)(Self&, A...) const) {
    static_assert(std::is_empty_v<Body>, "method bodies capture nothing");
    using Owned = Thunk<Body, true, Self, R, A...>;
    using Borrowed = Thunk<Body, false, Self, R, A...>;
    IMP body = returns_owned(selector) ? reinterpret_cast<IMP>(&Owned::call) : reinterpret_cast<IMP>(&Borrowed::call);
    add_method(cls, selector, body, kSignature<typename Owned::AbiResult, typename Argument<A>::Abi...>.text, since);
  }

  ObjcClass* class_;
};

}  // namespace metalhost
