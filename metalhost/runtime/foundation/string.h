// NSString: UTF-8 text.
#pragma once
#include "runtime/objc/memory.h"

namespace metalhost {

struct String : Object {
  std::string text;
  std::string label_text() const { return text; }
};

Ref<String> make_string(std::string text);
// The text of a string, or "" for nil.
const std::string& text_of(const String* string);

void register_strings();

}  // namespace metalhost
