#include "msl/compiler/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "msl/compiler/words.h"

namespace metalhost::msl {
namespace {

struct Parameter {
  std::string kind;  // an enumerator of ArgumentKind
  std::string index;
  bool writes = false;
  int alignment = 1;
  std::string condition = "";    // the function constant without which it is absent
  std::string declaration = "";  // as written, without attributes
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
  std::size_t token;
};

// What was complained about leaves the rest of the text without meaning.
struct Stop {};

struct Constant {
  std::string name, type, index;
  bool required = true;
};

class Rewriter {
 public:
  Rewriter(const std::string& text, const RewriteOptions& options) : options_(options), tokens_(tokenize(text)) {}

  Rewritten run() {
    std::string tables;
    try {
      find_constants();
      for (std::size_t i = 0; i < tokens_.size(); i = tokens_[i].is_code() ? visit(i) : i + 1) {
      }
      tables = options_.for_address_spaces ? uses() : this->tables();
    } catch (Stop) {
    }
    std::vector<std::string> kernels;
    for (const Instance& instance : instances_) kernels.push_back(instance.host_name);
    return {std::move(tokens_), std::move(tables), std::move(complaints_), std::move(kernels)};
  }

 private:
  static constexpr std::size_t kEnd = static_cast<std::size_t>(-1);

  void complain(std::size_t i, std::string text) {
    complaints_.push_back({std::min(i, tokens_.size() - 1), std::move(text)});
  }
  [[noreturn]] void fail(std::size_t i, std::string text) {
    complain(i, std::move(text));
    throw Stop();
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
  std::size_t closing(std::size_t i) {
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
      if (tokens_[i].is_code()) tokens_[i].rewrite(" ");
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
      tokens_[constant].rewrite(options_.for_address_spaces ? "__constant" : "static const");
      tokens_[name].after =
          options_.for_address_spaces ? " = {}" : fmt::format(" = metalhost::constant_value<{}>({})", found.type, slot);
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
      tokens_[i].rewrite("metalhost::constant_is_set");
      tokens_[name].rewrite(std::to_string(slot->second));
    }
  }

  std::size_t visit(std::size_t i) {
    Token& token = tokens_[i];
    if (is(i, "{")) scopes_.push_back({std::exchange(pending_namespace_, ""), {}});
    if (is(i, "}") && !scopes_.empty()) scopes_.pop_back();
    if (token.kind == TokenKind::number) literal(token);
    if (is(i, "[[")) return attribute(i);
    if (token.kind != TokenKind::identifier) return next(i);
    if (auto banned = banned_words().find(token.text);
        banned != banned_words().end() && !is(previous(i), ".") && !is(previous(i), "->")) {
      complain(i, fmt::format("'{}': {}", token.text, banned->second));
    }
    if (token.is("namespace") && is(next(next(i)), "{")) pending_namespace_ = text(next(i));
    if (token.is("template") && is(next(i), "[[")) return instantiation(i);
    if (token.is("static") && !is(next(i), "constexpr") && !is(next(i), "const") && !is(next(i), "constant") &&
        !is(next(i), "inline") && inside_function(i)) {
      complain(i, "Metal has no static variables inside functions");
    }
    if (token.is("kernel")) {
      kernel(i, i);
      token.rewrite(" ");
      return next(i);
    }
    if (options_.house_rules && is_number_type(token.text)) pointer_without_space(i);
    if (options_.for_address_spaces) constructor(i);
    if (options_.for_address_spaces && token.text.starts_with("atomic_") && !is(previous(i), "::")) {
      token.rewrite("metal::" + token.text);  // OpenCL has types of these names
    }
    if (token.is("coherent") && is(next(i), "(")) {  // memory is coherent here
      const std::size_t end = closing(next(i));
      blank(i, end);
      return next(end);
    }
    if (is_address_space(token.text)) {
      if (qualifies_method(i)) return method_qualifier(i);
      if (token.is("threadgroup") && starts_statement(i)) return threadgroup_declaration(i);
      address_space(i);
    }
    return next(i);
  }

  // float4(a, b): clang's own vectors are not made so.
  void constructor(std::size_t i) {
    const std::string& word = text(i);
    std::size_t end = i;
    if (word == "vec" && is(next(i), "<") && !is(previous(i), "::")) {
      int depth = 0;
      for (end = next(i); end < tokens_.size(); end = next(end)) {
        if (is(end, "<")) ++depth;
        if (is(end, ">") && --depth == 0) break;
        if (is(end, ";") || is(end, "{")) return;
      }
    } else if (!is_number_type(word) || word.back() < '2' || word.back() > '4') {
      return;
    }
    if (!is(next(end), "(")) return;
    tokens_[i].rewrite("metalhost::make<" + tokens_[i].text);
    tokens_[end].after += ">";
  }

  // float* p, as a declaration, a parameter or a cast.
  void pointer_without_space(std::size_t i) {
    std::size_t before = previous(i), after = next(i);
    auto qualifies = [&](std::size_t k) { return tokens_[k].as_written() == "const" || is(k, "volatile"); };
    while (before != kEnd && qualifies(before)) before = previous(before);
    while (is(after, "const") || is(after, "volatile")) after = next(after);
    static const std::set<std::string> starts = {"(", ",", ";", "{", "}"}, ends = {"=", ",", ")", ";", "["};
    if (before == kEnd || !starts.contains(text(before)) || !(is(after, "*") || is(after, "&"))) return;
    const std::size_t name = next(after);
    const bool declares = name < tokens_.size() && tokens_[name].kind == TokenKind::identifier &&
                          !is_address_space(text(name)) && ends.contains(text(next(name)));
    const bool is_cast = is(before, "(") && is(name, ")");
    if (declares || is_cast) {
      complain(i,
               fmt::format("'{}' points to no address space: write device, constant, threadgroup or thread before it",
                           joined(i, name)));
    }
  }

  // void f() const device, behind the parameters of a method.
  bool qualifies_method(std::size_t i) const {
    std::size_t before = previous(i), after = next(i);
    while (is(before, "const") || is(before, "volatile")) before = previous(before);
    return is(before, ")") && (is(after, "{") || is(after, ";") || is(after, ":") || is(after, "const") ||
                               is(after, "=") || is(after, "->"));
  }

  // Methods that differ by the address space of `this` alone are one method to the host.
  std::size_t method_qualifier(std::size_t i) {
    if (options_.for_address_spaces) {
      address_space(i);
      return next(i);
    }
    std::size_t first = i, depth = 0;
    for (std::size_t j = previous(i); j != kEnd; j = previous(j)) {
      if (is(j, ")") || is(j, "}")) ++depth;
      if (depth == 0 && (is(j, ";") || is(j, "{") || is(j, "}") || is(j, ":"))) break;
      if ((is(j, "(") || is(j, "{")) && depth > 0) --depth;
      first = j;
    }
    std::size_t end = next(i);
    while (end < tokens_.size() && !is(end, "{") && !is(end, ";")) end = is(end, "(") ? next(closing(end)) : next(end);
    const std::size_t close = is(end, "{") ? closing(end) : end;
    if (is(end, "{") && is(next(close), ",")) fail(i, "a method that is not understood");
    std::string declaration, body;
    for (std::size_t j = first; j <= close; j = next(j)) {
      if (j != i) (j < end ? declaration : body) += tokens_[j].as_written() + " ";
    }
    tokens_[i].rewrite(" ");
    if (scopes_.empty()) return next(i);
    auto [seen, is_new] = scopes_.back().methods.emplace(declaration, body);
    if (is_new) return next(i);
    if (seen->second != body) fail(i, "overloads that differ by address space only, and in what they do");
    blank(first, close);
    return next(close);
  }

  bool inside_function(std::size_t i) const {
    return std::any_of(scopes_.begin(), scopes_.end(), [](const Scope& s) { return s.name.empty(); }) &&
           !is(next(next(next(i))), "(");
  }

  void literal(Token& token) const {
    const std::string s = token.text;
    bool hex = s.size() > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    if (hex) return;
    bool is_float = s.find('.') != std::string::npos || s.find_first_of("eE") != std::string::npos;
    if (s.ends_with("bf") || s.ends_with("BF")) {
      token.rewrite("bfloat(" + s.substr(0, s.size() - 2) + "f)");
    } else if (s.ends_with("h") || s.ends_with("H")) {
      token.rewrite("half(" + s.substr(0, s.size() - 1) + (is_float ? "f)" : ")"));
    } else if (is_float && !s.ends_with("f") && !s.ends_with("F")) {
      token.rewrite(s + "f");
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
    tokens_[i].rewrite("typedef");
    tokens_[name].rewrite(type);
    int id = ++threadgroup_variables_;
    tokens_[end].after =
        options_.for_address_spaces
            ? fmt::format(" __local {0}& {1} = *metalhost::threadgroup_variable<{0}>();", type, variable)
            : fmt::format(
                  " static_assert(sizeof({0}) <= 32768, \"'{1}' is larger than the 32,768 bytes of threadgroup "
                  "memory\"); {0}& {1} = *({0}*)metalhost::runtime->threadgroup_variable({2}, sizeof({0}), \"{1}\");",
                  type, variable, id);
    return next(i);
  }

  void address_space(std::size_t i) {
    Token& token = tokens_[i];
    if (visited_constant_.contains(i)) return;
    if (token.is("threadgroup_imageblock") || token.is("ray_data")) fail(i, "'" + token.text + "' is not supported");
    if (options_.for_address_spaces) {
      token.rewrite(token.is("device")     ? "__global"
                    : token.is("constant") ? "__constant"
                    : token.is("thread")   ? "__private"
                                           : "__local");
    } else {
      token.rewrite(token.is("constant") ? "const" : " ");
    }
  }

  std::size_t attribute(std::size_t i) {
    std::size_t end = closing(i), name = next(i);
    if (is(name, "kernel")) {
      if (is(next(name), ",") && is(next(next(name)), "max_total_threads_per_threadgroup")) {
        max_threads(next(next(name)));
      }
      kernel(i, end);
    } else if (is(name, "max_total_threads_per_threadgroup")) {
      max_threads(name);
    } else {
      static const std::set<std::string> ignored = {"clang",         "unroll",    "maybe_unused",
                                                    "always_inline", "host_name", "fallthrough",
                                                    "nodiscard",     "likely",    "unlikely"};
      // Metal ignores what a dispatch gives where no kernel takes it.
      const bool is_idle =
          !options_.house_rules && (is(name, "threadgroup") || builtin_arguments().contains(text(name)));
      if (!is_idle && !ignored.contains(text(name)))
        fail(i, "attribute '" + joined(name, end) + "' is not understood here");
    }
    blank(i, end);
    return next(end);
  }

  void max_threads(std::size_t name) {
    std::size_t open = next(name);
    pending_max_threads_ = joined(next(open), closing(open));
    if (number_of(pending_max_threads_) > 1024) complain(name, "a threadgroup has at most 1024 threads");
  }

  // -1: not a number, but an expression.
  static int number_of(const std::string& text) {
    const bool is_number = !text.empty() && text.size() < 6 &&
                           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return is_number ? std::stoi(text) : -1;
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
    while (is(name, "static") || is(name, "inline")) name = next(name);
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
    for (const auto& scope : scopes_) out += scope.name + "::";
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
        if (first < i) add_parameter(first, i, kernel);
        first = next(i);
      }
    }
    for (const Parameter& found : kernel.parameters) {
      const bool is_indexed = found.kind == "buffer" || found.kind == "threadgroup";
      const int limit = 31;
      if (is_indexed && number_of(found.index) >= limit) {
        complain(open, fmt::format("kernel '{}': {} index {}: Metal has 0 to {}", kernel.name, found.kind, found.index,
                                   limit - 1));
      }
    }
  }

  void add_parameter(std::size_t from, std::size_t to, Kernel& kernel) {
    Parameter found;
    try {
      found = parameter(from, to, kernel);
    } catch (Stop) {  // go on with the next one
      for (std::size_t i = from; i < to; i = next(i)) {
        if (is(i, "[[")) blank(i, closing(i));
      }
      return;
    }
    for (const Parameter& other : kernel.parameters) {
      const bool is_indexed = found.kind == "buffer" || found.kind == "threadgroup";
      if (is_indexed && found.kind == other.kind && found.index == other.index && found.condition.empty() &&
          other.condition.empty()) {
        complain(from, fmt::format("'{}' has the same [[{}({})]] as '{}'", found.declaration, found.kind, found.index,
                                   other.declaration));
      }
    }
    kernel.parameters.push_back(std::move(found));
  }

  // Metal numbers what has no index by its place; the house rules want to see it written.
  std::string implicit_index(const Kernel& kernel) const {
    int index = 0;
    for (const Parameter& other : kernel.parameters) {
      if (other.kind == "buffer") index = std::max(index, number_of(other.index) + 1);
    }
    return std::to_string(index);
  }

  std::string declaration_of(std::size_t from, std::size_t to) {
    std::string out;
    for (std::size_t i = from; i < to; i = next(i)) {
      if (is(i, "[[")) {
        i = closing(i);
        continue;
      }
      static const std::set<std::string> joins_left = {"*", "&", "<", ">", "::", ","}, joins_right = {"<", "::"};
      const bool joins = out.empty() || joins_left.contains(text(i)) || joins_right.contains(text(previous(i)));
      out += (joins ? "" : " ") + text(i);
    }
    return out;
  }

  Parameter parameter(std::size_t from, std::size_t to, const Kernel& kernel) {
    bool points = false, is_const = false;
    std::string space;
    Parameter found{"", "0", false};
    found.declaration = declaration_of(from, to);
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
          std::size_t bracket = next(name);
          found.condition = joined(next(bracket), closing(bracket));
          name = closing(bracket);
        } else if (!is(name, ",")) {
          fail(name, "argument attribute '" + text(name) + "' is not understood");
        }
      }
      blank(i, end);
      i = end;
    }
    if (found.kind.empty() && !options_.house_rules && points && space != "threadgroup") {
      found.kind = "buffer";
      found.index = implicit_index(kernel);
    }
    if (found.kind.empty()) {
      fail(from, "the argument '" + found.declaration + "' has no attribute: write [[buffer(n)]] behind it");
    }
    bool is_memory = found.kind == "buffer" || found.kind == "threadgroup";
    if (is_memory && !points) {
      fail(from, fmt::format("the argument '{}' has [[{}]], which is for pointers and references", found.declaration,
                             found.kind));
    }
    if (!is_memory && points) {
      fail(from, fmt::format("the argument '{}' has [[{}]], which is for values: leave '*' and '&' out",
                             found.declaration, found.kind));
    }
    if (found.kind == "buffer" && space != "device" && space != "constant") {
      fail(from, "the argument '" + found.declaration + "' is a buffer: write device or constant before it");
    }
    if (found.kind == "threadgroup" && space != "threadgroup")
      fail(from, "the argument '" + found.declaration + "' is threadgroup memory: write threadgroup before it");
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
    } else if (tokens_[j].kind == TokenKind::identifier && tokens_[next(j)].kind == TokenKind::identifier) {
      function = joined(next(j), end);  // the type has a name
    } else {
      fail(j, "an explicit instantiation that is not understood");
    }
    std::string base = function.substr(0, function.find_first_of(" <"));
    instances_.push_back({host_name, scope() + function, base, i});
    blank(i, end);
    return next(end);
  }

  const Kernel& kernel_of(const Instance& instance) {
    auto kernel = kernels_.find(instance.base);
    if (kernel != kernels_.end()) return kernel->second;
    fail(instance.token, fmt::format("host_name \"{}\": no kernel '{}'", instance.host_name, instance.base));
  }

  std::string tables() {
    std::string out = "\nnamespace metalhost {\n";
    for (const auto& [name, kernel] : kernels_) {
      std::string arguments, declarations, conditions;
      int argument = 0;
      for (const auto& p : kernel.parameters) {
        arguments += fmt::format("{{msl::ArgumentKind::{}, ({}), {}, {}, {}}}, ", p.kind, p.index, p.writes,
                                 p.alignment, !p.condition.empty());
        declarations += fmt::format("\"{}\", ", p.declaration);
        if (!p.condition.empty()) conditions += fmt::format("case {}: return bool(::{}); ", argument, p.condition);
        ++argument;
      }
      out += fmt::format("static constexpr msl::Argument arguments_of_{}[] = {{{}{{}}}};\n", name, arguments);
      out += fmt::format("static const char* const declarations_of_{}[] = {{{}nullptr}};\n", name, declarations);
      out += fmt::format("static bool {}_has(int argument) {{ switch (argument) {{ {}default: return true; }} }}\n",
                         name, conditions);
      if (!kernel.is_template) instances_.push_back({name, kernel.scope + name, name, 0});
    }
    out +=
        "}\nextern \"C\" __attribute__((visibility(\"default\"))) const metalhost::msl::KernelEntry "
        "metalhost_kernels[] = {\n";
    for (const auto& instance : instances_) {
      const Kernel& kernel = kernel_of(instance);
      out += fmt::format(
          "  {{\"{0}\", &metalhost::Launcher<&{1}, metalhost::arguments_of_{2}>::launch, metalhost::arguments_of_{2}, "
          "metalhost::Launcher<&{1}, metalhost::arguments_of_{2}>::alignments, {3}, {4}, "
          "metalhost::declarations_of_{2}, \"{1}\", &metalhost::{2}_has}},\n",
          instance.host_name, instance.function, instance.base, kernel.parameters.size(), kernel.max_threads);
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

  // Templates are looked into where they are used.
  std::string uses() {
    std::string out = "\n";
    int serial = 0;
    for (const auto& instance : instances_) {
      kernel_of(instance);
      out += fmt::format("void metalhost_use_{}() {{ metalhost::use(&{}); }}\n", serial++, instance.function);
    }
    return out;
  }

  struct Scope {
    std::string name;                            // of a namespace; empty for other braces
    std::map<std::string, std::string> methods;  // without the address space of `this`: declarations and bodies
  };

  RewriteOptions options_;
  std::vector<Token> tokens_;
  std::vector<Constant> constants_;
  std::map<std::string, std::size_t> slots_;
  std::set<std::size_t> visited_constant_;
  std::vector<Complaint> complaints_;
  std::vector<Scope> scopes_;
  std::string pending_namespace_, pending_max_threads_;
  std::map<std::string, Kernel> kernels_;
  std::vector<Instance> instances_;
  int threadgroup_variables_ = 0;
};

}  // namespace

std::string Rewritten::text() const {
  std::string out = "using namespace metal;\n";
  for (const Token& token : tokens) out += token.text + token.after;
  return out + tables;
}

Rewritten rewrite(const std::string& preprocessed, const RewriteOptions& options) {
  return Rewriter(preprocessed, options).run();
}

std::vector<Diagnostic> complaints_in_source(const Rewritten& rewritten, SourceLines& lines) {
  std::vector<Diagnostic> found;
  for (const Complaint& complaint : rewritten.complaints) {
    const Token& token = rewritten.tokens.at(complaint.token);
    found.push_back({token.file, token.line, lines.column_of(rewritten.tokens, complaint.token), complaint.text});
  }
  return found;
}

}  // namespace metalhost::msl
