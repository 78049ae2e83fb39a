// The types of a message as text, made by the compiler: one character for the result, one for each argument after
// receiver and selector.
//   v nothing   B bool   c C s S i I q Q signed and unsigned integers of 1, 2, 4, 8 bytes (enums as their integers)
//   f d floats  : selector   ? block   @ object (known to the runtime)   P pointer to a class type (object or struct)
//   p void*     ^ other pointer        {NN struct by value of NN bytes (hexadecimal)
#pragma once
#include <objc/runtime.h>

#include <cstddef>
#include <type_traits>

namespace metalhost {

// Specialised by the runtime for its own classes.
template <class T>
inline constexpr bool kIsObject = std::is_same_v<T, objc_object>;
// Specialised by the runtime for what stands for a block in its methods.
template <class T>
inline constexpr bool kIsBlock = false;

template <class T>
constexpr char type_code() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_void_v<U>) {
    return 'v';
  } else if constexpr (std::is_same_v<U, bool>) {
    return 'B';
  } else if constexpr (std::is_enum_v<U>) {
    return type_code<std::underlying_type_t<U>>();
  } else if constexpr (std::is_same_v<U, float>) {
    return 'f';
  } else if constexpr (std::is_same_v<U, double>) {
    return 'd';
  } else if constexpr (std::is_integral_v<U>) {
    constexpr bool is_signed = std::is_signed_v<U>;
    return sizeof(U) == 1   ? (is_signed ? 'c' : 'C')
           : sizeof(U) == 2 ? (is_signed ? 's' : 'S')
           : sizeof(U) == 4 ? (is_signed ? 'i' : 'I')
                            : (is_signed ? 'q' : 'Q');
  } else if constexpr (std::is_same_v<U, SEL>) {
    return ':';
  } else if constexpr (std::is_pointer_v<U>) {
    using Target = std::remove_cv_t<std::remove_pointer_t<U>>;
    if constexpr (kIsBlock<Target>) {
      return '?';
    } else if constexpr (kIsObject<Target>) {
      return '@';
    } else if constexpr (std::is_class_v<Target>) {
      return 'P';
    } else if constexpr (std::is_void_v<Target>) {
      return 'p';
    } else {
      return '^';
    }
  } else if constexpr (std::is_class_v<U>) {
    return '{';
  } else {
    return '?';  // a block, which only clang has a type for
  }
}

template <class... Types>
struct Signature {
  char text[3 * sizeof...(Types) + 1] = {};
  constexpr Signature() {
    char* out = text;
    (put<Types>(out), ...);
  }

 private:
  template <class T>
  static constexpr void put(char*& out) {
    *out++ = type_code<T>();
    if constexpr (type_code<T>() == '{') {
      static_assert(sizeof(T) < 256, "structs passed in messages are small");
      *out++ = "0123456789abcdef"[sizeof(T) >> 4];
      *out++ = "0123456789abcdef"[sizeof(T) & 15];
    }
  }
};

template <class... Types>
inline constexpr Signature<Types...> kSignature{};

}  // namespace metalhost
