#include "runtime/foundation/url.h"

#include "runtime/foundation/string.h"
#include "runtime/objc/define.h"

namespace metalhost {

void register_urls() {
  ClassBuilder<Url>("NSURL", root_class(), "C:NSURL")
      .class_method("fileURLWithPath:",
                    [](ObjcClass&, String& path) {
                      auto url = make<Url>();
                      url->path = path.text;
                      return url;
                    })
      .method("init", [](Url& self) { return &self; })
      .method("initWithString:",
              [](Url& self, String& text) {
                constexpr std::string_view kScheme = "file://";
                self.path = text.text.starts_with(kScheme) ? text.text.substr(kScheme.size()) : text.text;
                return &self;
              })
      .method("initFileURLWithPath:",
              [](Url& self, String& path) {
                self.path = path.text;
                return &self;
              })
      .method("fileSystemRepresentation", [](Url& self) { return self.path.c_str(); })
      .method("copy", [](Url& self) { return Ref<Url>(&self); });
}

}  // namespace metalhost
