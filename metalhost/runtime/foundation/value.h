// NSValue and NSNumber.
#pragma once
#include <cstddef>
#include <variant>
#include <vector>

#include "runtime/objc/memory.h"

namespace metalhost {

struct Value : Object {
  std::vector<std::byte> bytes;
  std::string type;  // an Objective-C type encoding
};

struct Number : Value {
  std::variant<int64_t, uint64_t, double, bool> number = int64_t{0};

  bool is_equal(const Number& other) const;
  template <class T>
  T as() const {
    return std::visit([](auto value) { return static_cast<T>(value); }, number);
  }
};

void register_values();

}  // namespace metalhost
