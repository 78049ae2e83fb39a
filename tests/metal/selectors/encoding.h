// Objective-C type encodings computed from C++ types: what the compiler that built a binding believes it sends. The
// encodings are flattened: struct and class names are left out, nested structs merged ("{QQQQQQ}" for MTLRegion).
#pragma once
#include <Metal/Metal.hpp>
#include <string>
#include <string_view>
#include <type_traits>

#include "device/metal/mps.hpp"

namespace encoding {

template <class T>
inline constexpr bool kIsBlock = false;
template <class R, class... A>
inline constexpr bool kIsBlock<R (^)(A...)> = true;

template <class T>
concept Complete = requires {
  sizeof(T);
};

constexpr std::size_t size_of(std::string_view fields) {
  std::size_t bytes = 0;
  for (char field : fields) bytes += field == 'C' ? 1 : field == 'I' || field == 'f' ? 4 : 8;
  return bytes;
}

// The fields of a struct that messages pass by value. One that is not listed does not compile.
template <class T>
constexpr std::string_view fields_of() {
  if constexpr (std::is_same_v<T, NS::Range> || std::is_same_v<T, MTL::SizeAndAlign> ||
                std::is_same_v<T, MTL4::BufferRange>) {
    return "QQ";
  } else if constexpr (std::is_same_v<T, MTL::Origin> || std::is_same_v<T, MTL::Size> ||
                       std::is_same_v<T, MTL::AccelerationStructureSizes>) {
    return "QQQ";
  } else if constexpr (std::is_same_v<T, NS::OperatingSystemVersion>) {
    return "qqq";
  } else if constexpr (std::is_same_v<T, MTL::Region>) {
    return "QQQQQQ";
  } else if constexpr (std::is_same_v<T, MTL::ResourceID>) {
    return "Q";
  } else if constexpr (std::is_same_v<T, MTL::Coordinate2D>) {
    return "ff";
  } else if constexpr (std::is_same_v<T, MTL::ClearColor>) {
    return "dddd";
  } else if constexpr (std::is_same_v<T, MTL::ScissorRect>) {
    return "QQQQ";
  } else if constexpr (std::is_same_v<T, MTL::Viewport>) {
    return "dddddd";
  } else if constexpr (std::is_same_v<T, MTL::TextureSwizzleChannels>) {
    return "CCCC";
  } else if constexpr (std::is_same_v<T, MPS::MatrixCopyOffsets>) {
    return "IIII";
  } else {
    return "";  // fails the size check below
  }
}

// Types that are only declared: metal-cpp's classes are objects, and so are libdispatch's; other C types are not.
template <class T>
constexpr bool declared_object() {
  std::string_view name = __PRETTY_FUNCTION__;
  for (std::string_view prefix : {"T = NS::", "T = MTL", "T = MPS::", "T = CA::", "T = dispatch_"}) {
    if (name.find(prefix) != name.npos) return true;
  }
  return false;
}

template <class T>
constexpr bool is_object() {
  if constexpr (Complete<T>) {
    return std::is_base_of_v<objc_object, T>;
  } else {
    return declared_object<T>();
  }
}

template <class T>
void append(std::string& out) {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_void_v<U>) {
    out += 'v';
  } else if constexpr (std::is_same_v<U, bool>) {
    out += 'B';
  } else if constexpr (std::is_enum_v<U>) {
    append<std::underlying_type_t<U>>(out);
  } else if constexpr (std::is_same_v<U, float>) {
    out += 'f';
  } else if constexpr (std::is_same_v<U, double>) {
    out += 'd';
  } else if constexpr (std::is_integral_v<U>) {
    const char* code = std::is_signed_v<U> ? "csiq" : "CSIQ";
    out += code[sizeof(U) == 1 ? 0 : sizeof(U) == 2 ? 1 : sizeof(U) == 4 ? 2 : 3];
  } else if constexpr (std::is_same_v<U, SEL>) {
    out += ':';
  } else if constexpr (kIsBlock<U>) {
    out += "@?";
  } else if constexpr (std::is_pointer_v<U>) {
    using Target = std::remove_cv_t<std::remove_pointer_t<U>>;
    if constexpr (std::is_same_v<Target, char>) {
      out += '*';
    } else if constexpr (std::is_function_v<Target>) {
      out += "^?";
    } else if constexpr (std::is_class_v<Target>) {
      out += is_object<Target>() ? "@" : "^{}";
    } else {
      out += '^';
      append<Target>(out);
    }
  } else {
    static_assert(size_of(fields_of<U>()) == sizeof(U), "fields_of() must list this struct");
    out += '{';
    out += fields_of<U>();
    out += '}';
  }
}

}  // namespace encoding
