#include "msl/compiler/bindings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "msl/compiler/reach.h"
#include "msl/compiler/words.h"

namespace metalhost::msl {
namespace {

// -1: not a number, but an expression.
int number_of(const std::string& text) {
  const bool is_number = !text.empty() && text.size() < 6 &&
                         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? std::stoi(text) : -1;
}

}  // namespace

void Bindings::find_constants() {
  for (std::size_t i = 0; i < source_.size(); ++i) {
    if (!source_.is(i, "[[") || !source_.is(source_.next(i), "function_constant")) continue;
    std::size_t end = source_.closing(i), name = source_.previous(i), type = source_.previous(name),
                constant = TokenText::kEnd;
    if (!source_.is(source_.next(end), ";")) continue;  // an attribute of an argument
    static const std::set<std::string> qualifiers = {"constant", "const", "constexpr", "static"};
    for (std::size_t k = source_.previous(type); k != TokenText::kEnd && qualifiers.contains(source_.text(k));
         k = source_.previous(k)) {
      if (source_.is(k, "constant")) {
        constant = k;
      } else {
        source_.blank(k, k);
      }
    }
    if (constant == TokenText::kEnd)
      source_.fail(i, "a function constant is 'constant TYPE name [[function_constant(index)]];'");
    std::size_t open = source_.next(source_.next(i));
    Constant found{source_.text(name), source_.text(type), source_.joined(source_.next(open), source_.closing(open)),
                   true};
    std::size_t slot = constants_.size();
    if (slot >= 128) source_.fail(i, "more than 128 function constants");
    source_[constant].rewrite(options_.for_address_spaces ? "__constant" : "static const");
    source_[name].after =
        options_.for_address_spaces ? " = {}" : fmt::format(" = metalhost::constant_value<{}>({})", found.type, slot);
    source_.blank(i, end);
    slots_[found.name] = slot;
    constants_.push_back(std::move(found));
    declarations_.insert(constant);
  }
  for (std::size_t i = 0; i < source_.size(); ++i) {
    if (!source_.is(i, "is_function_constant_defined")) continue;
    std::size_t name = source_.next(source_.next(i));
    auto slot = slots_.find(source_.text(name));
    if (slot == slots_.end()) source_.fail(i, "is_function_constant_defined takes the name of a function constant");
    constants_[slot->second].required = false;
    source_[i].rewrite("metalhost::constant_is_set");
    source_[name].rewrite(std::to_string(slot->second));
  }
}

void Bindings::max_threads(std::size_t name) {
  std::size_t open = source_.next(name);
  pending_max_threads_ = source_.joined(source_.next(open), source_.closing(open));
  if (number_of(pending_max_threads_) > 1024) source_.complain(name, "a threadgroup has at most 1024 threads");
}

void Bindings::declare_kernel(std::size_t name, const std::string& scope, std::size_t arguments) {
  std::size_t open = source_.next(name);
  if (!source_.is_kind(name, TokenKind::identifier) || !source_.is(open, "("))
    source_.fail(name, "a kernel declaration that is not understood");
  const bool is_template = arguments != TokenText::kEnd;
  Kernel found{source_.text(name), scope, is_template, "0", {}};
  if (!pending_max_threads_.empty()) found.max_threads = std::exchange(pending_max_threads_, "");
  if (is_template && number_of(found.max_threads) < 0) {  // may be of the template's arguments: a variable of them
    std::size_t begin = arguments;
    while (begin != TokenText::kEnd && !source_.is(begin, "template")) begin = source_.previous(begin);
    source_[begin].rewrite(fmt::format("{}> inline constexpr int metalhost_max_threads_of_{} = {}; template",
                                       source_.joined(begin, arguments), found.name, found.max_threads));
  }
  parameters(open, found);
  if (source_.is(source_.next(source_.closing(open)), ";")) return;
  const std::string kernel = found.name;
  if (!kernels_.emplace(kernel, std::move(found)).second)
    source_.fail(name, "there are two kernels '" + kernel + "': overloads of a kernel are not supported");
}

void Bindings::parameters(std::size_t open, Kernel& kernel) {
  std::size_t close = source_.closing(open), first = source_.next(open);
  int depth = 0;
  for (std::size_t i = first; i <= close; i = source_.next(i)) {
    if (source_.is(i, "(") || source_.is(i, "{") || source_.is(i, "[")) {
      i = source_.closing(i);
      continue;
    }
    if (source_.is(i, "[[")) {
      i = source_.closing(i);
      continue;
    }
    if (source_.is(i, "<")) ++depth;
    if (source_.is(i, ">")) --depth;
    if ((source_.is(i, ",") && depth == 0) || i == close) {
      if (first < i) add_parameter(first, i, kernel);
      first = source_.next(i);
    }
  }
  for (const Parameter& found : kernel.parameters) {
    const bool is_indexed = found.kind == "buffer" || found.kind == "threadgroup";
    const int limit = 31;
    if (is_indexed && number_of(found.index) >= limit) {
      source_.complain(open, fmt::format("kernel '{}': {} index {}: Metal has 0 to {}", kernel.name, found.kind,
                                         found.index, limit - 1));
    }
  }
}

void Bindings::add_parameter(std::size_t from, std::size_t to, Kernel& kernel) {
  Parameter found;
  try {
    found = parameter(from, to, kernel);
  } catch (TokenText::Stop) {  // go on with the next one
    for (std::size_t i = from; i < to; i = source_.next(i)) {
      if (source_.is(i, "[[")) source_.blank(i, source_.closing(i));
    }
    return;
  }
  for (const Parameter& other : kernel.parameters) {
    const bool is_indexed = found.kind == "buffer" || found.kind == "threadgroup";
    if (is_indexed && found.kind == other.kind && found.index == other.index && found.condition.empty() &&
        other.condition.empty()) {
      source_.complain(from, fmt::format("'{}' has the same [[{}({})]] as '{}'", found.declaration, found.kind,
                                         found.index, other.declaration));
    }
  }
  kernel.parameters.push_back(std::move(found));
}

// Metal numbers what has no index by its place; the house rules want to see it written.
std::string Bindings::implicit_index(const Kernel& kernel) const {
  int index = 0;
  for (const Parameter& other : kernel.parameters) {
    if (other.kind == "buffer") index = std::max(index, number_of(other.index) + 1);
  }
  return std::to_string(index);
}

std::string Bindings::declaration_of(std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; i = source_.next(i)) {
    if (source_.is(i, "[[")) {
      i = source_.closing(i);
      continue;
    }
    static const std::set<std::string> joins_left = {"*", "&", "<", ">", "::", ","}, joins_right = {"<", "::"};
    const bool joins =
        out.empty() || joins_left.contains(source_.text(i)) || joins_right.contains(source_.text(source_.previous(i)));
    out += (joins ? "" : " ") + source_.text(i);
  }
  return out;
}

Bindings::Parameter Bindings::parameter(std::size_t from, std::size_t to, const Kernel& kernel) {
  bool points = false, is_const = false;
  std::string space;
  Parameter found{"", "0", false};
  found.declaration = declaration_of(from, to);
  for (std::size_t i = from; i < to; i = source_.next(i)) {
    if (source_.is(i, "*") || source_.is(i, "&") || source_.is(i, "[")) points = true;
    if (source_.is(i, "const") && !points) is_const = true;
    if (source_.is(i, "device") || source_.is(i, "constant") || source_.is(i, "threadgroup")) space = source_.text(i);
    if (!source_.is(i, "[[")) continue;
    std::size_t end = source_.closing(i);
    for (std::size_t name = source_.next(i); name < end; name = source_.next(name)) {
      bool is_indexed = source_.is(name, "buffer") || source_.is(name, "threadgroup");
      if (is_indexed) {
        std::size_t bracket = source_.next(name);
        if (!source_.is(bracket, "(")) source_.fail(name, "[[" + source_.text(name) + "]] needs its index");
        found.kind = source_.text(name);
        found.index = source_.joined(source_.next(bracket), source_.closing(bracket));
        name = source_.closing(bracket);
      } else if (builtin_arguments().contains(source_.text(name))) {
        found.kind = source_.text(name);
      } else if (source_.is(name, "function_constant")) {
        std::size_t bracket = source_.next(name);
        found.condition = source_.joined(source_.next(bracket), source_.closing(bracket));
        name = source_.closing(bracket);
      } else if (!source_.is(name, ",")) {
        source_.fail(name, "argument attribute '" + source_.text(name) + "' is not understood");
      }
    }
    source_.blank(i, end);
    i = end;
  }
  if (found.kind.empty() && !options_.house_rules && points && space != "threadgroup") {
    found.kind = "buffer";
    found.index = implicit_index(kernel);
  }
  if (found.kind.empty()) {
    source_.fail(from, "the argument '" + found.declaration + "' has no attribute: write [[buffer(n)]] behind it");
  }
  bool is_memory = found.kind == "buffer" || found.kind == "threadgroup";
  if (is_memory && !points) {
    source_.fail(from, fmt::format("the argument '{}' has [[{}]], which is for pointers and references",
                                   found.declaration, found.kind));
  }
  if (!is_memory && points) {
    source_.fail(from, fmt::format("the argument '{}' has [[{}]], which is for values: leave '*' and '&' out",
                                   found.declaration, found.kind));
  }
  if (found.kind == "buffer" && space != "device" && space != "constant") {
    source_.fail(from, "the argument '" + found.declaration + "' is a buffer: write device or constant before it");
  }
  if (found.kind == "threadgroup" && space != "threadgroup")
    source_.fail(from, "the argument '" + found.declaration + "' is threadgroup memory: write threadgroup before it");
  found.writes = space == "device" && !is_const;
  if (space == "constant") found.alignment = 4;
  return found;
}

// The parameters of a function without their attributes, as its type is written.
std::string Bindings::signature(std::size_t open) {
  const std::map<std::string, std::string> host = {
      {"device", ""}, {"thread", ""}, {"threadgroup", ""}, {"constant", "const"}};
  const std::map<std::string, std::string> spaces = {
      {"device", "__global"}, {"thread", "__private"}, {"threadgroup", "__local"}, {"constant", "__constant"}};
  const auto& words = options_.for_address_spaces ? spaces : host;
  std::string out;
  const std::size_t close = source_.closing(open);
  for (std::size_t i = source_.next(open); i < close; i = source_.next(i)) {
    if (source_.is(i, "[[")) {
      i = source_.closing(i);
      continue;
    }
    const auto space = words.find(source_.text(i));
    out += (space == words.end() ? source_.text(i) : space->second) + " ";
  }
  return out;
}

std::size_t Bindings::instantiation(std::size_t i, const std::string& scope) {
  std::size_t j = source_.next(i), end = i;
  std::string host_name;
  while (source_.is(j, "[[")) {
    std::size_t close = source_.closing(j);
    if (source_.is(source_.next(j), "host_name")) {
      for (std::size_t k = j; k < close; ++k) {
        if (source_[k].kind == TokenKind::string) host_name += source_.text(k).substr(1, source_.text(k).size() - 2);
      }
    }
    j = source_.next(close);
  }
  while (end < source_.size() && !source_.is(end, ";")) end = source_.next(end);
  if (host_name.empty()) source_.fail(i, "an instantiation with an attribute needs [[host_name(\"...\")]]");
  if (source_.is(j, "kernel")) j = source_.next(j);
  std::string function, address;
  if (source_.is(j, "decltype")) {
    std::size_t open = source_.next(j);
    function = source_.joined(source_.next(open), source_.closing(open));
  } else if (source_.is(j, "void")) {
    std::size_t open = source_.next(j);
    int depth = 0;
    for (; open < end && !(source_.is(open, "(") && depth == 0); open = source_.next(open)) {
      if (source_.is(open, "<")) ++depth;
      if (source_.is(open, ">")) --depth;
    }
    function = source_.joined(source_.next(j), open);
    // Template arguments that aren't there are deduced from the signature.
    if (function.find('<') == std::string::npos)
      address = fmt::format("static_cast<void (*)({})>(&{})", signature(open), scope + function);
  } else if (source_.is_kind(j, TokenKind::identifier) && source_.is_kind(source_.next(j), TokenKind::identifier)) {
    function = source_.joined(source_.next(j), end);  // the type has a name
  } else {
    source_.fail(j, "an explicit instantiation that is not understood");
  }
  std::string base = function.substr(0, function.find_first_of(" <"));
  if (address.empty()) address = "&" + scope + function;
  instances_.push_back({host_name, scope + function, base, address, i});
  source_.blank(i, end);
  return source_.next(end);
}

const Bindings::Kernel& Bindings::kernel_of(const Instance& instance) {
  auto kernel = kernels_.find(instance.base);
  if (kernel != kernels_.end()) return kernel->second;
  source_.fail(instance.token, fmt::format("host_name \"{}\": no kernel '{}'", instance.host_name, instance.base));
}

std::string Bindings::max_threads_of(const Kernel& kernel, const Instance& instance) const {
  if (!kernel.is_template || number_of(kernel.max_threads) >= 0) return kernel.max_threads;
  const std::size_t arguments = instance.function.find('<');
  if (arguments == std::string::npos) return "0";
  return fmt::format("{}metalhost_max_threads_of_{}{}", kernel.scope, instance.base,
                     instance.function.substr(arguments));
}

std::string Bindings::tables() {
  std::string out = "\nnamespace metalhost {\n";
  for (const auto& [name, kernel] : kernels_) {
    std::string arguments, declarations, conditions;
    int argument = 0;
    for (const auto& p : kernel.parameters) {
      arguments += fmt::format("{{msl::ArgumentKind::{}, ({}), {}, {}, {}}}, ", p.kind, p.index, p.writes, p.alignment,
                               !p.condition.empty());
      declarations += fmt::format("\"{}\", ", p.declaration);
      if (!p.condition.empty()) conditions += fmt::format("case {}: return bool(::{}); ", argument, p.condition);
      ++argument;
    }
    out += fmt::format("static constexpr msl::Argument arguments_of_{}[] = {{{}{{}}}};\n", name, arguments);
    out += fmt::format("static const char* const declarations_of_{}[] = {{{}nullptr}};\n", name, declarations);
    out += fmt::format("static bool {}_has(int argument) {{ switch (argument) {{ {}default: return true; }} }}\n", name,
                       conditions);
    if (!kernel.is_template) instances_.push_back({name, kernel.scope + name, name, "&" + kernel.scope + name, 0});
  }
  out +=
      "}\nextern \"C\" __attribute__((visibility(\"default\"))) const metalhost::msl::KernelEntry "
      "metalhost_kernels[] = {\n";
  std::vector<std::string> constants;
  for (const Constant& constant : constants_) constants.push_back(constant.name);
  const Reach reach(source_);
  for (const auto& instance : instances_) {
    const Kernel& kernel = kernel_of(instance);
    uint64_t used[2] = {0, 0};
    const std::vector<bool> is_used = reach.from(instance.function, constants);
    for (std::size_t slot = 0; slot < is_used.size(); ++slot) {
      if (is_used[slot]) used[slot / 64] |= uint64_t{1} << slot % 64;
    }
    out += fmt::format(
        "  {{\"{0}\", &metalhost::Launcher<{5}, metalhost::arguments_of_{2}>::launch, metalhost::arguments_of_{2}, "
        "metalhost::Launcher<{5}, metalhost::arguments_of_{2}>::alignments, {3}, {4}, "
        "metalhost::declarations_of_{2}, \"{1}\", &metalhost::{2}_has, {{{6}u, {7}u}}}},\n",
        instance.host_name, instance.function, instance.base, kernel.parameters.size(),
        max_threads_of(kernel, instance), instance.address, used[0], used[1]);
  }
  out +=
      "  {}};\nextern \"C\" __attribute__((visibility(\"default\"))) const metalhost::msl::ConstantEntry "
      "metalhost_constants[] = {\n";
  for (const auto& constant : constants_) {
    out += fmt::format("  {{\"{}\", ({}), metalhost::data_type<{}>, {}}},\n", constant.name, constant.index,
                       constant.type, constant.required);
  }
  return out + "  {}};\n";
}

std::string Bindings::uses() {
  std::string out = "\n";
  int serial = 0;
  for (const auto& instance : instances_) {
    kernel_of(instance);
    out += fmt::format("void metalhost_use_{}() {{ metalhost::use({}); }}\n", serial++, instance.address);
  }
  return out;
}

std::vector<std::string> Bindings::kernels() const {
  std::vector<std::string> names;
  for (const Instance& instance : instances_) names.push_back(instance.host_name);
  return names;
}

}  // namespace metalhost::msl
