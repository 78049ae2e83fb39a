#include "msl/compiler/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "msl/compiler/tokens.h"

namespace metalhost::msl {
namespace {

struct Parameter {
  std::string kind;  // an enumerator of ArgumentKind
  std::string index;
  bool writes;
  int alignment = 1;
};

struct Kernel {
  std::string name;
  std::string scope;  // namespaces, with ::
  bool is_template;
  std::string max_threads = "0";
  std::vector<Parameter> parameters;
};

struct Instance {
  std::string host_name, function, base;
};

struct Constant {
  std::string name, type, index;
  bool required = true;
};

const std::set<std::string>& builtin_arguments() {
  static const std::set<std::string> names = {
      "thread_position_in_grid",        "thread_position_in_threadgroup",   "threadgroup_position_in_grid",
      "threads_per_threadgroup",        "dispatch_threads_per_threadgroup", "threads_per_grid",
      "threadgroups_per_grid",          "thread_index_in_threadgroup",      "thread_index_in_simdgroup",
      "simdgroup_index_in_threadgroup", "simdgroups_per_threadgroup",       "threads_per_simdgroup",
      "thread_index_in_quadgroup",      "quadgroup_index_in_threadgroup"};
  return names;
}

// What Metal's C++ does not have.
const std::map<std::string, std::string>& banned_words() {
  static const std::map<std::string, std::string> words = {
      {"double", "Metal has no double: use float"},
      {"new", "Metal has no dynamic memory"},
      {"delete", "Metal has no dynamic memory"},
      {"try", "Metal has no exceptions"},
      {"catch", "Metal has no exceptions"},
      {"throw", "Metal has no exceptions"},
      {"virtual", "Metal has no virtual functions"},
      {"dynamic_cast", "Metal has no run-time type information"},
      {"typeid", "Metal has no run-time type information"},
      {"goto", "Metal has no goto"},
      {"thread_local", "Metal has no thread_local"},
      {"asm", "Metal has no asm"},
      {"std", "Metal has no std: use metal"},
      {"__builtin_memcpy", "not a function of Metal"},
      {"expf", "not a function of Metal: use exp"},
      {"logf", "not a function of Metal: use log"},
      {"sqrtf", "not a function of Metal: use sqrt"},
      {"fabsf", "not a function of Metal: use fabs"},
      {"powf", "not a function of Metal: use pow"},
      {"sinf", "not a function of Metal: use sin"},
      {"cosf", "not a function of Metal: use cos"},
      {"fmaxf", "not a function of Metal: use fmax"},
      {"fminf", "not a function of Metal: use fmin"},
      {"printf", "Metal has no printf"},
      {"malloc", "Metal has no dynamic memory"},
      {"free", "Metal has no dynamic memory"},
      {"memcpy", "Metal has no memcpy"},
      {"memset", "Metal has no memset"},
  };
  return words;
}

class Rewriter {
 public:
  explicit Rewriter(const std::string& text) : tokens_(tokenize(text)) {}

  std::string run() {
    find_constants();
    for (std::size_t i = 0; i < tokens_.size(); i = tokens_[i].is_code() ? visit(i) : i + 1) {
    }
    std::string out = "using namespace metal;\n";
    for (const Token& token : tokens_) out += token.text + token.after;
    return out + tables();
  }

 private:
  static constexpr std::size_t kEnd = static_cast<std::size_t>(-1);

  [[noreturn]] void fail(std::size_t i, const std::string& text) const {
    const Token& token = tokens_[std::min(i, tokens_.size() - 1)];
    throw CompileError(fmt::format("{}:{}: error: {}", token.file, token.line, text));
  }
  std::size_t next(std::size_t i) const {
    while (++i < tokens_.size() && !tokens_[i].is_code()) {
    }
    return i;
  }
  std::size_t previous(std::size_t i) const {
    while (i-- > 0) {
      if (tokens_[i].is_code()) return i;
    }
    return kEnd;
  }
  bool is(std::size_t i, const char* text) const { return i < tokens_.size() && tokens_[i].text == text; }
  const std::string& text(std::size_t i) const {
    static const std::string none;
    return i < tokens_.size() ? tokens_[i].text : none;
  }
  // The bracket that closes the one at i.
  std::size_t closing(std::size_t i) const {
    static const std::map<std::string, std::string> pairs = {{"(", ")"}, {"[", "]"}, {"{", "}"}, {"[[", "]]"}};
    std::vector<std::string> open;
    for (std::size_t j = i; j < tokens_.size(); j = next(j)) {
      if (auto pair = pairs.find(text(j)); pair != pairs.end()) {
        open.push_back(pair->second);
      } else if (is(j, "]]") && open.size() >= 2 && open.back() == "]" && open[open.size() - 2] == "]") {
        open.resize(open.size() - 2);  // a[b[i]]
        if (open.empty()) return j;
      } else if (!open.empty() && text(j) == open.back()) {
        open.pop_back();
        if (open.empty()) return j;
      }
    }
    fail(i, "'" + text(i) + "' is not closed");
  }
  std::string joined(std::size_t from, std::size_t to) const {
    std::string out;
    for (std::size_t i = from; i < to; ++i) {
      if (tokens_[i].is_code()) out += (out.empty() ? "" : " ") + tokens_[i].text;
    }
    return out;
  }
  void blank(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i <= to; ++i) {
      if (tokens_[i].is_code()) tokens_[i].text = " ";
    }
  }

  // constant T name [[function_constant(i)]];
  void find_constants() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!is(i, "[[") || !is(next(i), "function_constant")) continue;
      std::size_t end = closing(i), name = previous(i), type = previous(name), constant = previous(type);
      if (!is(next(end), ";")) continue;  // an attribute of an argument
      if (!is(constant, "constant"))
        fail(i, "a function constant is 'constant TYPE name [[function_constant(index)]];'");
      std::size_t open = next(next(i));
      Constant found{text(name), text(type), joined(next(open), closing(open)), true};
      std::size_t slot = constants_.size();
      if (slot >= 128) fail(i, "more than 128 function constants");
      tokens_[constant].text = "static const";
      tokens_[name].after = fmt::format(" = metalhost::constant_value<{}>({})", found.type, slot);
      blank(i, end);
      slots_[found.name] = slot;
      constants_.push_back(std::move(found));
      visited_constant_.insert(constant);
    }
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!is(i, "is_function_constant_defined")) continue;
      std::size_t name = next(next(i));
      auto slot = slots_.find(text(name));
      if (slot == slots_.end()) fail(i, "is_function_constant_defined takes the name of a function constant");
      constants_[slot->second].required = false;
      tokens_[i].text = "metalhost::constant_is_set";
      tokens_[name].text = std::to_string(slot->second);
    }
  }

  std::size_t visit(std::size_t i) {
    Token& token = tokens_[i];
    if (is(i, "{")) scopes_.push_back(std::exchange(pending_namespace_, ""));
    if (is(i, "}") && !scopes_.empty()) scopes_.pop_back();
    if (token.kind == TokenKind::number) literal(token);
    if (is(i, "[[")) return attribute(i);
    if (token.kind != TokenKind::identifier) return next(i);
    if (auto banned = banned_words().find(token.text);
        banned != banned_words().end() && !is(previous(i), ".") && !is(previous(i), "->")) {
      fail(i, fmt::format("'{}': {}", token.text, banned->second));
    }
    if (token.is("namespace") && is(next(next(i)), "{")) pending_namespace_ = text(next(i));
    if (token.is("template") && is(next(i), "[[")) return instantiation(i);
    if (token.is("static") && !is(next(i), "constexpr") && !is(next(i), "inline") && inside_function(i)) {
      fail(i, "Metal has no static variables inside functions");
    }
    if (token.is("kernel")) {
      kernel(i, i);
      token.text = " ";
      return next(i);
    }
    if (token.is("threadgroup") && starts_statement(i)) return threadgroup_declaration(i);
    if (token.is("device") || token.is("constant") || token.is("thread") || token.is("threadgroup") ||
        token.is("threadgroup_imageblock") || token.is("ray_data")) {
      address_space(i);
    }
    return next(i);
  }

  bool inside_function(std::size_t i) const {
    return std::any_of(scopes_.begin(), scopes_.end(), [](const std::string& s) { return s.empty(); }) &&
           !is(next(next(next(i))), "(");
  }

  void literal(Token& token) const {
    std::string& s = token.text;
    bool hex = s.size() > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    if (hex) return;
    bool is_float = s.find('.') != std::string::npos || s.find_first_of("eE") != std::string::npos;
    if (s.ends_with("bf") || s.ends_with("BF")) {
      s = "bfloat(" + s.substr(0, s.size() - 2) + "f)";
    } else if (s.ends_with("h") || s.ends_with("H")) {
      s = "half(" + s.substr(0, s.size() - 1) + (is_float ? "f)" : ")");
    } else if (is_float && !s.ends_with("f") && !s.ends_with("F")) {
      s += "f";
    }
  }

  bool starts_statement(std::size_t i) const {
    std::size_t before = previous(i);
    return before == kEnd || is(before, "{") || is(before, "}") || is(before, ";") || is(before, ")");
  }

  // A threadgroup variable is a reference into memory that the runner gives; a pointer keeps its type.
  std::size_t threadgroup_declaration(std::size_t i) {
    std::size_t j = next(i);
    int depth = 0;
    for (; j < tokens_.size() && !(depth == 0 && (is(j, ";") || is(j, "=") || is(j, "[") || is(j, ","))); j = next(j)) {
      if (is(j, "<")) ++depth;
      if (is(j, ">")) --depth;
      if (is(j, "(") || is(j, "{")) {
        if (depth == 0) break;
        j = closing(j);
      }
      if (depth == 0 && (is(j, "*") || is(j, "&"))) {
        address_space(i);
        return next(i);
      }
    }
    if (j >= tokens_.size() || is(j, "(") || is(j, "{")) fail(i, "a threadgroup declaration that is not understood");
    if (is(j, "=")) fail(i, "a threadgroup variable has no initialiser in Metal");
    std::size_t name = previous(j), end = j;
    while (end < tokens_.size() && !is(end, ";")) {
      if (is(end, ",")) fail(end, "one threadgroup variable a declaration");
      if (is(end, "=")) fail(end, "a threadgroup variable has no initialiser in Metal");
      end = is(end, "[") ? next(closing(end)) : next(end);
    }
    if (scopes_.empty()) fail(i, "a threadgroup variable outside functions");
    if (tokens_[name].kind != TokenKind::identifier) fail(i, "a threadgroup declaration that is not understood");
    std::string variable = text(name), type = "threadgroup_type_of_" + variable;
    tokens_[i].text = "typedef";
    tokens_[name].text = type;
    int id = ++threadgroup_variables_;
    tokens_[end].after = fmt::format(
        " {0}& {1} = *({0}*)metalhost::runtime->threadgroup_variable({2}, sizeof({0}), \"{1}\");", type, variable, id);
    return next(i);
  }

  void address_space(std::size_t i) {
    Token& token = tokens_[i];
    if (visited_constant_.contains(i)) return;
    if (token.is("threadgroup_imageblock") || token.is("ray_data")) fail(i, "'" + token.text + "' is not supported");
    token.text = token.is("constant") ? "const" : " ";
  }

  std::size_t attribute(std::size_t i) {
    std::size_t end = closing(i), name = next(i);
    if (is(name, "kernel")) {
      kernel(i, end);
    } else if (is(name, "max_total_threads_per_threadgroup")) {
      std::size_t open = next(name);
      pending_max_threads_ = joined(next(open), closing(open));
    } else {
      static const std::set<std::string> ignored = {"clang",         "unroll",    "maybe_unused",
                                                    "always_inline", "host_name", "fallthrough",
                                                    "nodiscard",     "likely",    "unlikely"};
      if (!ignored.contains(text(name))) fail(i, "attribute '" + joined(name, end) + "' is not understood here");
    }
    blank(i, end);
    return next(end);
  }

  // `from` to `to`: the word kernel, or the attribute.
  void kernel(std::size_t from, std::size_t to) {
    std::size_t before = previous(from);
    while (before != kEnd && is(before, "]]")) {
      while (!is(before, "[[")) before = previous(before);
      before = previous(before);
    }
    std::size_t name = next(to);
    while (is(name, "[[")) {
      attribute(name);
      while (name < tokens_.size() && !tokens_[name].is_code()) ++name;
      name = next(name);
    }
    if (!is(name, "void")) fail(name, "a kernel returns void");
    name = next(name);
    std::size_t open = next(name);
    if (tokens_[name].kind != TokenKind::identifier || !is(open, "("))
      fail(name, "a kernel declaration that is not understood");
    Kernel found{text(name), scope(), before != kEnd && is(before, ">"), "0", {}};
    if (!pending_max_threads_.empty()) found.max_threads = std::exchange(pending_max_threads_, "");
    parameters(open, found);
    if (!is(next(closing(open)), ";")) kernels_[found.name] = std::move(found);
  }

  std::string scope() const {
    std::string out;
    for (const auto& name : scopes_) out += name + "::";
    return out;
  }

  void parameters(std::size_t open, Kernel& kernel) {
    std::size_t close = closing(open), first = next(open);
    int depth = 0;
    for (std::size_t i = first; i <= close; i = next(i)) {
      if (is(i, "(") || is(i, "{") || is(i, "[")) {
        i = closing(i);
        continue;
      }
      if (is(i, "[[")) {
        i = closing(i);
        continue;
      }
      if (is(i, "<")) ++depth;
      if (is(i, ">")) --depth;
      if ((is(i, ",") && depth == 0) || i == close) {
        if (first < i) kernel.parameters.push_back(parameter(first, i));
        first = next(i);
      }
    }
  }

  Parameter parameter(std::size_t from, std::size_t to) {
    bool points = false, is_const = false;
    std::string space;
    Parameter found{"", "0", false};
    for (std::size_t i = from; i < to; i = next(i)) {
      if (is(i, "*") || is(i, "&")) points = true;
      if (is(i, "const") && !points) is_const = true;
      if (is(i, "device") || is(i, "constant") || is(i, "threadgroup")) space = text(i);
      if (!is(i, "[[")) continue;
      std::size_t end = closing(i);
      for (std::size_t name = next(i); name < end; name = next(name)) {
        bool is_indexed = is(name, "buffer") || is(name, "threadgroup");
        if (is_indexed) {
          std::size_t bracket = next(name);
          if (!is(bracket, "(")) fail(name, "[[" + text(name) + "]] needs its index");
          found.kind = text(name);
          found.index = joined(next(bracket), closing(bracket));
          name = closing(bracket);
        } else if (builtin_arguments().contains(text(name))) {
          found.kind = text(name);
        } else if (is(name, "function_constant")) {
          fail(name, "arguments with [[function_constant]] are not supported");
        } else if (!is(name, ",")) {
          fail(name, "argument attribute '" + text(name) + "' is not understood");
        }
      }
      blank(i, end);
      i = end;
    }
    if (found.kind.empty()) fail(from, "the argument '" + joined(from, to) + "' has no attribute: write [[buffer(n)]]");
    bool is_memory = found.kind == "buffer" || found.kind == "threadgroup";
    if (is_memory != points) fail(from, "the argument '" + joined(from, to) + "' does not fit its attribute");
    if (found.kind == "buffer" && space != "device" && space != "constant") {
      fail(from, "a buffer argument is device or constant");
    }
    if (found.kind == "threadgroup" && space != "threadgroup")
      fail(from, "a [[threadgroup]] argument points to threadgroup");
    found.writes = space == "device" && !is_const;
    if (space == "constant") found.alignment = 4;
    return found;
  }

  // template [[host_name("x")]] [[kernel]] decltype(f<T>) f<T>; or template [[host_name("x")]] [[kernel]] void
  // f<T>(...);
  std::size_t instantiation(std::size_t i) {
    std::size_t j = next(i), end = i;
    std::string host_name;
    while (is(j, "[[")) {
      std::size_t close = closing(j);
      if (is(next(j), "host_name")) {
        for (std::size_t k = j; k < close; ++k) {
          if (tokens_[k].kind == TokenKind::string) host_name += text(k).substr(1, text(k).size() - 2);
        }
      }
      j = next(close);
    }
    while (end < tokens_.size() && !is(end, ";")) end = next(end);
    if (host_name.empty()) fail(i, "an instantiation with an attribute needs [[host_name(\"...\")]]");
    if (is(j, "kernel")) j = next(j);
    std::string function;
    if (is(j, "decltype")) {
      std::size_t open = next(j);
      function = joined(next(open), closing(open));
    } else if (is(j, "void")) {
      std::size_t open = next(j);
      int depth = 0;
      for (; open < end && !(is(open, "(") && depth == 0); open = next(open)) {
        if (is(open, "<")) ++depth;
        if (is(open, ">")) --depth;
      }
      function = joined(next(j), open);
    } else {
      fail(j, "an explicit instantiation that is not understood");
    }
    std::string base = function.substr(0, function.find_first_of(" <"));
    instances_.push_back({host_name, scope() + function, base});
    blank(i, end);
    return next(end);
  }

  std::string tables() {
    std::string out = "\nnamespace metalhost {\n";
    for (const auto& [name, kernel] : kernels_) {
      out += fmt::format("static constexpr msl::Argument arguments_of_{}[] = {{", name);
      for (const auto& p : kernel.parameters) {
        out += fmt::format("{{msl::ArgumentKind::{}, ({}), {}, {}}}, ", p.kind, p.index, p.writes, p.alignment);
      }
      out += "{}};\n";
      if (!kernel.is_template) instances_.push_back({name, kernel.scope + name, name});
    }
    out +=
        "}\nextern \"C\" __attribute__((visibility(\"default\"))) const metalhost::msl::KernelEntry "
        "metalhost_kernels[] = {\n";
    for (const auto& instance : instances_) {
      auto kernel = kernels_.find(instance.base);
      if (kernel == kernels_.end()) {
        throw CompileError("program_source:1: error: host_name \"" + instance.host_name + "\": no kernel '" +
                           instance.base + "'");
      }
      out += fmt::format(
          "  {{\"{0}\", &metalhost::Launcher<&{1}, metalhost::arguments_of_{2}>::launch, metalhost::arguments_of_{2}, "
          "metalhost::Launcher<&{1}, metalhost::arguments_of_{2}>::alignments, {3}, {4}}},\n",
          instance.host_name, instance.function, instance.base, kernel->second.parameters.size(),
          kernel->second.max_threads);
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

  std::vector<Token> tokens_;
  std::vector<Constant> constants_;
  std::map<std::string, std::size_t> slots_;
  std::set<std::size_t> visited_constant_;
  std::vector<std::string> scopes_;  // names of namespaces; empty for other braces
  std::string pending_namespace_, pending_max_threads_;
  std::map<std::string, Kernel> kernels_;
  std::vector<Instance> instances_;
  int threadgroup_variables_ = 0;
};

}  // namespace

std::string rewrite_for_host(const std::string& preprocessed) {
  return Rewriter(preprocessed).run();
}

}  // namespace metalhost::msl
