#include "runtime/objc/send.h"

#include <cstring>

#include "runtime/checks/report.h"

namespace metalhost {

constinit thread_local Send current_send;

namespace {

using Function = void (*)();

bool is_pointer(char code) {
  return std::strchr("@Pp^", code) != nullptr;
}

// Takes one value off a signature: "Q", or "{18" for a struct of 24 bytes.
std::string_view next_value(const char*& types) {
  std::size_t length = *types == '{' ? 3 : 1;
  std::string_view value(types, length);
  types += length;
  return value;
}

bool values_agree(std::string_view caller, std::string_view method) {
  if (caller == method) return true;
  char a = caller[0], b = method[0];
  // A pointer to a class type may be an object or a struct; void* may be anything; only plain pointers are no objects.
  return is_pointer(a) && is_pointer(b) && !(a == '^' && b == '@') && !(a == '@' && b == '^');
}

// The first time a message is sent to a class with these types, and always to the dead: whether it may go through.
Function examine(const Object* receiver, SEL selector, const char* types, Function send) {
  const ObjcClass* cls = receiver->isa;
  if (cls == zombie_class()) {
    const auto* zombie = static_cast<const Zombie*>(receiver);
    bool gives_back = !std::strcmp(selector->name, "release") || !std::strcmp(selector->name, "autorelease");
    if (gives_back) {
      report(Rule::over_release, receiver, "sent to an object that has no references left");
    } else if (zombie->died_in_pool) {
      report(Rule::use_after_pool, receiver, "its autorelease pool is gone: retain what outlives the pool");
    } else {
      report(Rule::use_after_release, receiver, "the object is deallocated");
    }
    return &metalhost_answer_nothing;
  }
  objc_method* method = find_available_method(cls, selector);
  if (!method) {
    objc_method* newer = find_method(cls, selector);
    report(Rule::unknown_selector, receiver,
           newer ? "needs macOS " + std::to_string(newer->since.major) + "." + std::to_string(newer->since.minor)
                 : std::string("no such method: a misspelt selector, or one this runtime doesn't offer"));
    return &metalhost_answer_nothing;
  }
  cls->table[selector->id].store(method, std::memory_order_release);
  if (!signatures_agree(types, method->types.c_str())) {
    report(Rule::wrong_signature, receiver,
           "called as " + readable_signature(types) + "; the method is " + readable_signature(method->types.c_str()));
    return &metalhost_answer_nothing;
  }
  method->checked.store(types, std::memory_order_release);
  return send;
}

}  // namespace

bool signatures_agree(const char* caller, const char* method) {
  while (*caller && *method) {
    if (!values_agree(next_value(caller), next_value(method))) return false;
  }
  return *caller == *method;
}

std::string readable_signature(const char* types) {
  auto name = [](std::string_view value) -> std::string {
    switch (value[0]) {
      case 'v':
        return "void";
      case 'B':
        return "bool";
      case 'c':
        return "int8";
      case 'C':
        return "uint8";
      case 's':
        return "int16";
      case 'S':
        return "uint16";
      case 'i':
        return "int32";
      case 'I':
        return "uint32";
      case 'q':
        return "int64";
      case 'Q':
        return "uint64";
      case 'f':
        return "float";
      case 'd':
        return "double";
      case ':':
        return "selector";
      case '?':
        return "block";
      case '@':
        return "object";
      case 'P':
        return "object or struct*";
      case 'p':
        return "void*";
      case '{':
        return "struct of " + std::to_string(std::stoi(std::string(value.substr(1)), nullptr, 16)) + " bytes";
      default:
        return "pointer";
    }
  };
  std::string text = name(next_value(types)) + " (";
  for (bool first = true; *types; first = false) text += (first ? "" : ", ") + name(next_value(types));
  return text + ")";
}

extern "C" Function metalhost_check_send(const void* receiver, SEL selector, const char* types, Function send) {
  CallSite site = __builtin_return_address(0);
  if (has_deferred_report()) [[unlikely]]
    raise_deferred_report();
  current_send = {receiver, selector, site};
  if (!receiver) [[unlikely]] {
    if (types[0] == '{') report(Rule::nil_struct_result, nullptr, "the result would be whatever the memory held");
    return send;
  }
  const auto* object = static_cast<const Object*>(receiver);
  objc_method* method = object->isa->table[selector->id].load(std::memory_order_acquire);
  if (method && method->checked.load(std::memory_order_acquire) == types) [[likely]]
    return send;
  return examine(object, selector, types, send);
}

extern "C" const void* metalhost_lookup(const void* receiver, SEL selector) {
  const auto* object = static_cast<const Object*>(receiver);
  objc_method* method = object->isa == zombie_class() ? nullptr : find_available_method(object->isa, selector);
  if (!method) return reinterpret_cast<const void*>(&metalhost_answer_nothing);
  object->isa->table[selector->id].store(method, std::memory_order_release);
  return reinterpret_cast<const void*>(method->body);
}

}  // namespace metalhost
