#include "runtime/foundation/string.h"

#include <strings.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>

#include "runtime/metal/types.h"
#include "runtime/objc/define.h"

namespace metalhost {

// The class of constant strings: clang's code refers to it by this symbol.
extern std::byte literal_class[];
alignas(ObjcClass) std::byte literal_class[sizeof(ObjcClass)] asm("__CFConstantStringClassReference");

namespace {

constexpr uint64_t kNotFound = INT64_MAX;
constexpr uint64_t kCaseInsensitive = 1;

// Length in UTF-16 units, as NSString counts.
uint64_t utf16_length(const std::string& text) {
  uint64_t length = 0;
  for (unsigned char c : text) length += (c & 0xc0) != 0x80 ? (c >= 0xf0 ? 2 : 1) : 0;
  return length;
}

Range find(const String& self, const String& part, uint64_t options) {
  const std::string &text = self.text, &wanted = part.text;
  for (std::size_t i = 0; !wanted.empty() && i + wanted.size() <= text.size(); ++i) {
    bool same = options & kCaseInsensitive ? !strncasecmp(text.c_str() + i, wanted.c_str(), wanted.size())
                                           : text.compare(i, wanted.size(), wanted) == 0;
    if (same) return {utf16_length(text.substr(0, i)), utf16_length(wanted)};
  }
  return {kNotFound, 0};
}

// clang's layout of a constant string.
struct Literal : objc_object {
  int flags;
  const char* text;
  long length;
};

String* interned(const char* text) {
  static std::mutex mutex;
  static auto* strings = new std::map<std::string, String*>;
  std::lock_guard lock(mutex);
  String*& string = (*strings)[text];
  if (!string) {
    string = make_string(text).detach();
    make_immortal(string);
  }
  return string;
}

}  // namespace

Object* without_literals(Object* object) {
  if (!object || static_cast<void*>(object->isa) != literal_class) return object;
  return interned(static_cast<const Literal*>(static_cast<objc_object*>(object))->text);
}

Ref<String> make_string(std::string text) {
  auto string = make<String>();
  string->text = std::move(text);
  return string;
}

const std::string& text_of(const String* string) {
  static const std::string empty;
  return string ? string->text : empty;
}

void register_strings() {
  ClassBuilder<String>("NSString", root_class(), "C:NSString")
      .class_method("string", [](ObjcClass&) { return make_string(""); })
      .class_method("stringWithString:", [](ObjcClass&, String& other) { return make_string(other.text); })
      .class_method("stringWithUTF8String:", [](ObjcClass&, const char* text) { return make_string(text); })
      .class_method("stringWithCString:encoding:",
                    [](ObjcClass&, const char* text, uint64_t) { return make_string(text); })
      .method("init", [](String& self) { return &self; })
      .method("initWithString:",
              [](String& self, String& other) {
                self.text = other.text;
                return &self;
              })
      .method("initWithCString:encoding:",
              [](String& self, const char* text, uint64_t) {
                self.text = text;
                return &self;
              })
      .method("initWithBytesNoCopy:length:encoding:freeWhenDone:",
              [](String& self, void* bytes, uint64_t length, uint64_t, bool free_when_done) {
                self.text.assign(static_cast<const char*>(bytes), length);
                if (free_when_done) std::free(bytes);
                return &self;
              })
      .method("UTF8String", [](String& self) { return self.text.c_str(); })
      .method("cStringUsingEncoding:", [](String& self, uint64_t) { return self.text.c_str(); })
      .method("fileSystemRepresentation", [](String& self) { return self.text.c_str(); })
      .method("length", [](String& self) { return utf16_length(self.text); })
      .method("characterAtIndex:",
              [](String& self, uint64_t index) -> uint16_t {
                return index < self.text.size() ? static_cast<unsigned char>(self.text[index]) : uint16_t{0};
              })
      .method("lengthOfBytesUsingEncoding:", [](String& self, uint64_t) -> uint64_t { return self.text.size(); })
      .method("maximumLengthOfBytesUsingEncoding:",
              [](String& self, uint64_t) -> uint64_t { return 3 * utf16_length(self.text); })
      .method("isEqualToString:", [](String& self, String* other) { return other && self.text == other->text; })
      .method("isEqual:",
              [](String& self, Object* other) {
                return other && is_kind_of(other->isa, class_of<String>) &&
                       self.text == static_cast<String*>(other)->text;
              })
      .method("hash", [](String& self) -> uint64_t { return std::hash<std::string>()(self.text); })
      .method("description", [](String& self) { return Ref<String>(&self); })
      .method("copy", [](String& self) { return Ref<String>(&self); })
      .method("rangeOfString:options:",
              [](String& self, String& part, uint64_t options) { return find(self, part, options); })
      .method("stringByAppendingString:",
              [](String& self, String& other) { return make_string(self.text + other.text); })
      .method("caseInsensitiveCompare:", [](String& self, String& other) -> int64_t {
        int order = strcasecmp(self.text.c_str(), other.text.c_str());
        return order < 0 ? -1 : order > 0 ? 1 : 0;
      });
  new_class("NSConstantString", class_of<String>, "C:NSString", literal_class);
}

}  // namespace metalhost

// NS::MakeConstantString: the older way to write a literal.
extern "C" const struct __CFString* __CFStringMakeConstantString(const char* text) {
  metalhost::ensure_classes();
  return reinterpret_cast<const struct __CFString*>(metalhost::interned(text));
}
