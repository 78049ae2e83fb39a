// Every instance, as the runtime sees it. No virtual functions: `isa` must come first, where objc_msgSend looks.
#pragma once
#include <metalhost/signature.h>
#include <objc/runtime.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <type_traits>

namespace metalhost {

// A return address inside the program under test.
using CallSite = const void*;

struct Object : objc_object {
  std::atomic<int64_t> references{1};
  uint64_t serial = 0;         // in order of creation: "#12" in reports
  CallSite born = nullptr;     // where the program asked for it
  Object* previous = nullptr;  // the list of what is alive
  Object* next = nullptr;

  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

 protected:
  ~Object() = default;
};

template <class T>
concept ObjectType = requires {
  sizeof(T);
}
&&std::is_base_of_v<Object, T>;

template <ObjectType T>
inline constexpr bool kIsObject<T> = true;

// What a deallocated object's memory holds for as long as the quarantine keeps it.
struct Zombie : Object {
  const struct ::objc_class* was = nullptr;
  std::string label;
  CallSite died = nullptr;
  bool died_in_pool = false;
};

}  // namespace metalhost
