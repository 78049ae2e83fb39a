#include "runtime/foundation/collections.h"

#include "runtime/checks/report.h"
#include "runtime/foundation/string.h"
#include "runtime/foundation/value.h"
#include "runtime/objc/define.h"

namespace metalhost {
namespace {

struct Enumerator : Object {
  std::vector<Ref<Object>> items;
  std::size_t position = 0;
};

Ref<Enumerator> enumerate(std::vector<Ref<Object>> items) {
  auto enumerator = make<Enumerator>();
  enumerator->items = std::move(items);
  return enumerator;
}

bool same(const Object& a, const Object& b) {
  if (&a == &b) return true;
  if (is_kind_of(a.isa, class_of<String>) && is_kind_of(b.isa, class_of<String>)) {
    return static_cast<const String&>(a).text == static_cast<const String&>(b).text;
  }
  if (is_kind_of(a.isa, class_of<Number>) && is_kind_of(b.isa, class_of<Number>)) {
    return static_cast<const Number&>(a).is_equal(static_cast<const Number&>(b));
  }
  return false;
}

std::vector<Ref<Object>> collect(Object* const* objects, uint64_t count) {
  std::vector<Ref<Object>> items;
  for (uint64_t i = 0; i < count; ++i) {
    if (check_object_argument(objects[i], class_of<Object>, 1, false)) items.emplace_back(objects[i]);
  }
  return items;
}

void fill(Dictionary& self, Object* const* values, Object* const* keys, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    if (check_object_argument(values[i], class_of<Object>, 1, false) &&
        check_object_argument(keys[i], class_of<Object>, 2, false)) {
      self.entries.emplace_back(keys[i], values[i]);
    }
  }
}

}  // namespace

Ref<Array> make_array(std::vector<Ref<Object>> items) {
  auto array = make<Array>();
  array->items = std::move(items);
  return array;
}

Ref<Dictionary> make_dictionary(std::vector<std::pair<Ref<Object>, Ref<Object>>> entries) {
  auto dictionary = make<Dictionary>();
  dictionary->entries = std::move(entries);
  return dictionary;
}

Object* Dictionary::find(const Object& key) const {
  for (const auto& [known, value] : entries) {
    if (same(*known, key)) return value.get();
  }
  return nullptr;
}

void register_collections() {
  ClassBuilder<Enumerator>("NSEnumerator", root_class(), "")
      .method("nextObject",
              [](Enumerator& self) -> Object* {
                return self.position < self.items.size() ? self.items[self.position++].get() : nullptr;
              })
      .method("allObjects", [](Enumerator& self) { return make_array(self.items); });

  ClassBuilder<Array>("NSArray", root_class(), "C:NSArray")
      .class_method("array", [](ObjcClass&) { return make_array({}); })
      .class_method(
          "arrayWithObject:",
          [](ObjcClass&, Object& object) { return make_array(std::vector<Ref<Object>>{Ref<Object>(&object)}); })
      .class_method("arrayWithObjects:count:", [](ObjcClass&, Object* const* objects,
                                                  uint64_t count) { return make_array(collect(objects, count)); })
      .method("init", [](Array& self) { return &self; })
      .method("initWithObjects:count:",
              [](Array& self, Object* const* objects, uint64_t count) {
                self.items = collect(objects, count);
                return &self;
              })
      .method("count", [](Array& self) -> uint64_t { return self.items.size(); })
      .method("objectAtIndex:",
              [](Array& self, uint64_t index) -> Object* {
                if (index < self.items.size()) return self.items[index].get();
                report(Rule::index_out_of_range, &self,
                       "index " + std::to_string(index) + " of " + std::to_string(self.items.size()) + " objects");
                return nullptr;
              })
      .method("objectEnumerator", [](Array& self) { return enumerate(self.items); })
      .method("copy", [](Array& self) { return Ref<Array>(&self); });

  ClassBuilder<Dictionary>("NSDictionary", root_class(), "C:NSDictionary")
      .class_method("dictionary", [](ObjcClass&) { return make_dictionary({}); })
      .class_method("dictionaryWithObject:forKey:",
                    [](ObjcClass&, Object& value, Object& key) {
                      auto dictionary = make<Dictionary>();
                      dictionary->entries.emplace_back(Ref<Object>(&key), Ref<Object>(&value));
                      return dictionary;
                    })
      .class_method("dictionaryWithObjects:forKeys:count:",
                    [](ObjcClass&, Object* const* values, Object* const* keys, uint64_t count) {
                      auto dictionary = make<Dictionary>();
                      fill(*dictionary, values, keys, count);
                      return dictionary;
                    })
      .method("init", [](Dictionary& self) { return &self; })
      .method("initWithObjects:forKeys:count:",
              [](Dictionary& self, Object* const* values, Object* const* keys, uint64_t count) {
                fill(self, values, keys, count);
                return &self;
              })
      .method("count", [](Dictionary& self) -> uint64_t { return self.entries.size(); })
      .method("objectForKey:", [](Dictionary& self, Object& key) { return self.find(key); })
      .method("keyEnumerator",
              [](Dictionary& self) {
                std::vector<Ref<Object>> keys;
                for (const auto& [key, value] : self.entries) keys.push_back(key);
                return enumerate(std::move(keys));
              })
      .method("copy", [](Dictionary& self) { return Ref<Dictionary>(&self); });
}

}  // namespace metalhost
