// NSArray and NSDictionary, immutable.
#pragma once
#include <vector>

#include "runtime/objc/memory.h"

namespace metalhost {

struct Array : Object {
  std::vector<Ref<Object>> items;
};
Ref<Array> make_array(std::vector<Ref<Object>> items);

struct Dictionary : Object {
  std::vector<std::pair<Ref<Object>, Ref<Object>>> entries;  // key, value; keys compare as strings and numbers do
  Object* find(const Object& key) const;
};
Ref<Dictionary> make_dictionary(std::vector<std::pair<Ref<Object>, Ref<Object>>> entries);

void register_collections();

}  // namespace metalhost
