#include "runtime/foundation/error.h"

#include <fmt/format.h>

#include "runtime/objc/define.h"

namespace metalhost {
namespace {

constexpr const char* kDescriptionKey = "NSLocalizedDescription";

void fill(Error& error, String& domain, int64_t code, Dictionary* user_info) {
  error.domain = Ref<String>(&domain);
  error.code = code;
  error.user_info = Ref<Dictionary>(user_info);
}

}  // namespace

std::string Error::message() const {
  if (user_info) {
    auto key = make_string(kDescriptionKey);
    Object* text = user_info->find(*key);
    if (text && is_kind_of(text->isa, class_of<String>)) return static_cast<String*>(text)->text;
  }
  return fmt::format("{} error {}", text_of(domain.get()), code);
}

Ref<Error> make_error(const char* domain, int64_t code, std::string description) {
  auto error = make<Error>();
  fill(*error, *make_string(domain), code,
       make_dictionary({{make_string(kDescriptionKey), make_string(std::move(description))}}).get());
  return error;
}

void give_error(Error** out, const char* domain, int64_t code, std::string description) {
  if (out) *out = autorelease(make_error(domain, code, std::move(description)).detach());
}

void register_errors() {
  ClassBuilder<Error>("NSError", root_class(), "C:NSError")
      .class_method("errorWithDomain:code:userInfo:",
                    [](ObjcClass&, String& domain, int64_t code, Dictionary* user_info) {
                      auto error = make<Error>();
                      fill(*error, domain, code, user_info);
                      return error;
                    })
      .method("initWithDomain:code:userInfo:",
              [](Error& self, String& domain, int64_t code, Dictionary* user_info) {
                fill(self, domain, code, user_info);
                return &self;
              })
      .method("code", [](Error& self) { return self.code; })
      .method("domain", [](Error& self) { return self.domain.get(); })
      .method("userInfo", [](Error& self) { return self.user_info.get(); })
      .method("localizedDescription", [](Error& self) { return make_string(self.message()); })
      .method("localizedFailureReason", [](Error&) -> String* { return nullptr; })
      .method("localizedRecoverySuggestion", [](Error&) -> String* { return nullptr; })
      .method("localizedRecoveryOptions", [](Error&) -> Array* { return nullptr; })
      .method("description", [](Error& self) { return make_string(self.message()); })
      .method("copy", [](Error& self) { return Ref<Error>(&self); });
}

}  // namespace metalhost
