#include "runtime/foundation/value.h"

#include <fmt/format.h>

#include <cstring>

#include "runtime/foundation/string.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

template <class T>
void assign(Number& number, T value, const char* type) {
  if constexpr (std::is_same_v<T, bool>) {
    number.number = value;
  } else if constexpr (std::is_floating_point_v<T>) {
    number.number = static_cast<double>(value);
  } else if constexpr (std::is_signed_v<T>) {
    number.number = static_cast<int64_t>(value);
  } else {
    number.number = static_cast<uint64_t>(value);
  }
  number.bytes.resize(sizeof value);
  std::memcpy(number.bytes.data(), &value, sizeof value);
  number.type = type;
}

// The maker, initialiser and getter of one C type.
template <class T, const char* kType>
void add_type(ClassBuilder<Number>& builder, const char* maker, const char* initialiser, const char* getter) {
  builder
      .class_method(maker,
                    [](ObjcClass&, T value) {
                      auto number = make<Number>();
                      assign(*number, value, kType);
                      return number;
                    })
      .method(initialiser,
              [](Number& self, T value) {
                assign(self, value, kType);
                return &self;
              })
      .method(getter, [](Number& self) { return self.as<T>(); });
}

constexpr char kChar[] = "c", kUChar[] = "C", kShort[] = "s", kUShort[] = "S", kInt[] = "i", kUInt[] = "I",
               kLong[] = "q", kULong[] = "Q", kFloat[] = "f", kDouble[] = "d", kBool[] = "B";

std::string number_text(const Number& number) {
  return std::visit([](auto value) { return fmt::format("{}", value); }, number.number);
}

}  // namespace

bool Number::is_equal(const Number& other) const {
  return number == other.number || as<double>() == other.as<double>();
}

void register_values() {
  ClassBuilder<Value> value("NSValue", root_class(), "C:NSValue");
  value
      .class_method("valueWithPointer:",
                    [](ObjcClass&, const void* pointer) {
                      auto made = make<Value>();
                      made->bytes.resize(sizeof pointer);
                      std::memcpy(made->bytes.data(), &pointer, sizeof pointer);
                      made->type = "^v";
                      return made;
                    })
      .method("pointerValue",
              [](Value& self) {
                void* pointer = nullptr;
                if (self.bytes.size() == sizeof pointer) std::memcpy(&pointer, self.bytes.data(), sizeof pointer);
                return pointer;
              })
      .method("getValue:size:",
              [](Value& self, void* out, uint64_t size) {
                std::memcpy(out, self.bytes.data(), std::min<uint64_t>(size, self.bytes.size()));
              })
      .method("objCType", [](Value& self) { return self.type.c_str(); })
      .method("copy", [](Value& self) { return Ref<Value>(&self); });

  ClassBuilder<Number> number("NSNumber", value.get(), "C:NSNumber");
  add_type<signed char, kChar>(number, "numberWithChar:", "initWithChar:", "charValue");
  add_type<unsigned char, kUChar>(number, "numberWithUnsignedChar:", "initWithUnsignedChar:", "unsignedCharValue");
  add_type<short, kShort>(number, "numberWithShort:", "initWithShort:", "shortValue");
  add_type<unsigned short, kUShort>(number, "numberWithUnsignedShort:", "initWithUnsignedShort:", "unsignedShortValue");
  add_type<int, kInt>(number, "numberWithInt:", "initWithInt:", "intValue");
  add_type<unsigned, kUInt>(number, "numberWithUnsignedInt:", "initWithUnsignedInt:", "unsignedIntValue");
  add_type<long, kLong>(number, "numberWithLong:", "initWithLong:", "longValue");
  add_type<unsigned long, kULong>(number, "numberWithUnsignedLong:", "initWithUnsignedLong:", "unsignedLongValue");
  add_type<long, kLong>(number, "numberWithLongLong:", "initWithLongLong:", "longLongValue");
  add_type<unsigned long, kULong>(number,
                                  "numberWithUnsignedLongLong:", "initWithUnsignedLongLong:", "unsignedLongLongValue");
  add_type<float, kFloat>(number, "numberWithFloat:", "initWithFloat:", "floatValue");
  add_type<double, kDouble>(number, "numberWithDouble:", "initWithDouble:", "doubleValue");
  add_type<bool, kBool>(number, "numberWithBool:", "initWithBool:", "boolValue");
  number.method("integerValue", [](Number& self) { return self.as<int64_t>(); })
      .method("unsignedIntegerValue", [](Number& self) { return self.as<uint64_t>(); })
      .method("isEqualToNumber:", [](Number& self, Number& other) { return self.is_equal(other); })
      .method("compare:",
              [](Number& self, Number& other) -> int64_t {
                double a = self.as<double>(), b = other.as<double>();
                return a < b ? -1 : a > b ? 1 : 0;
              })
      .method("stringValue", [](Number& self) { return make_string(number_text(self)); })
      .method("description", [](Number& self) { return make_string(number_text(self)); })
      .method("copy", [](Number& self) { return Ref<Number>(&self); });
}

}  // namespace metalhost
