#include "msl/compiler/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "msl/compiler/bindings.h"
#include "msl/compiler/token_text.h"
#include "msl/compiler/words.h"

namespace metalhost::msl {
namespace {

class Rewriter : TokenText {
 public:
  Rewriter(const std::string& text, const RewriteOptions& options) : TokenText(text), options_(options) {}

  Rewritten run() {
    std::string tables;
    try {
      bindings_.find_constants();
      drop_pragmas();
      for (std::size_t i = 0; i < size(); i = (*this)[i].is_code() ? visit(i) : i + 1) {
      }
      tables = options_.for_address_spaces ? bindings_.uses() : bindings_.tables();
    } catch (Stop) {
    }
    return {take_tokens(), std::move(tables), take_complaints(), bindings_.kernels()};
  }

 private:
  // Hints, whose macros are not expanded, and what was for the preprocessor.
  void drop_pragmas() {
    for (std::size_t i = 0; i < size(); ++i) {
      Token& token = (*this)[i];
      if (token.kind == TokenKind::line_marker && token.text.starts_with("#pragma")) token.rewrite("\n");
    }
  }

  std::size_t visit(std::size_t i) {
    Token& token = (*this)[i];
    if (is(i, "{")) {
      if (const std::size_t end = repeated_function(i); end != kEnd) return end;
      const bool is_linkage = is_kind(previous(i), TokenKind::string);  // extern "C" {
      scopes_.push_back({is_linkage ? ScopeKind::name_space : pending_scope_, std::exchange(pending_namespace_, "")});
    }
    if (is(i, "}") && !scopes_.empty()) scopes_.pop_back();
    static const std::set<std::string> ends_head = {"{", "}", ";", "(", ")", "="};
    if (ends_head.contains(token.text)) pending_scope_ = ScopeKind::code;
    static const std::set<std::string> types = {"struct", "class", "union", "enum"};
    if (types.contains(token.text)) {
      if (const std::size_t end = repeated_specialisation(i); end != kEnd) return end;
      pending_scope_ = ScopeKind::type;
    }
    if (token.kind == TokenKind::number) literal(token);
    if (is(i, "[[")) return attribute(i);
    if (token.kind != TokenKind::identifier) return next(i);
    if (auto banned = banned_words().find(token.text);
        banned != banned_words().end() && !is(previous(i), ".") && !is(previous(i), "->")) {
      complain(i, fmt::format("'{}': {}", token.text, banned->second));
    }
    if (options_.house_rules && token.text.starts_with("__metal_")) {
      complain(i, fmt::format("'{}' is a name of Apple's compiler, without a specification", token.text));
    }
    if (token.is("namespace") && !is(previous(i), "using")) {
      pending_scope_ = ScopeKind::name_space;
      pending_namespace_.clear();
      for (std::size_t k = next(i); k < size() && !is(k, "{") && !is(k, "=") && !is(k, ";"); k = next(k)) {
        pending_namespace_ += text(k);
      }
    }
    if (token.is("template") && is(next(i), "[[")) return bindings_.instantiation(i, scope());
    if (token.is("static") && !is(next(i), "constexpr") && !is(next(i), "const") && !is(next(i), "constant") &&
        !is(next(i), "inline") && inside_function()) {
      complain(i, "Metal has no static variables inside functions");
    }
    if (token.is("kernel")) {
      kernel(i, i);
      token.rewrite(" ");
      return next(i);
    }
    if (options_.house_rules && is_number_type(token.text)) pointer_without_space(i);
    if (options_.for_address_spaces) {
      constructor(i);
    } else {
      braced(i);
    }
    if (token.is("static_cast") && !options_.for_address_spaces) token.rewrite("metalhost::cast");
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
      for (end = next(i); end < size(); end = next(end)) {
        if (is(end, "<")) ++depth;
        if (is(end, ">") && --depth == 0) break;
        if (is(end, ";") || is(end, "{")) return;
      }
    } else if (!is_number_type(word) || word.back() < '2' || word.back() > '4') {
      return;
    }
    if (!is(next(end), "(")) return;
    (*this)[i].rewrite("metalhost::make<" + (*this)[i].text);
    (*this)[end].after += ">";
  }

  // float4 v = {a, b};
  void braced(std::size_t i) {
    const std::string& word = text(i);
    if (!is_number_type(word) || word.back() < '2' || word.back() > '4') return;
    const std::size_t name = next(i), assign = next(name), open = next(assign);
    if (!is_kind(name, TokenKind::identifier) || !is(assign, "=") || !is(open, "{")) return;
    const std::size_t close = closing(open);
    for (std::size_t j = next(open); j < close; j = next(j)) {
      if (is(j, "{")) return;
    }
    (*this)[open].rewrite("metalhost::braced<" + word + ">(");
    (*this)[close].rewrite(")");
  }

  // float* p, as a declaration, a parameter or a cast.
  void pointer_without_space(std::size_t i) {
    std::size_t before = previous(i), after = next(i);
    auto qualifies = [&](std::size_t k) { return (*this)[k].as_written() == "const" || is(k, "volatile"); };
    while (before != kEnd && qualifies(before)) before = previous(before);
    while (is(after, "const") || is(after, "volatile")) after = next(after);
    static const std::set<std::string> starts = {"(", ",", ";", "{", "}"}, ends = {"=", ",", ")", ";", "["};
    if (before == kEnd || !starts.contains(text(before)) || !(is(after, "*") || is(after, "&"))) return;
    const std::size_t name = next(after);
    const bool declares =
        is_kind(name, TokenKind::identifier) && !is_address_space(text(name)) && ends.contains(text(next(name)));
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

  // template <class T> struct element<device T*> {...}, which is one with that of thread T* to the host. Where it ends
  // if it has been there; else kEnd.
  std::size_t repeated_specialisation(std::size_t i) {
    if (options_.for_address_spaces) return kEnd;
    std::size_t open = next(i);
    bool has_space = false;
    std::string declaration, body;
    for (; open < size() && !is(open, "{"); open = next(open)) {
      if (is(open, ";") || is(open, "(") || is(open, "=") || is(open, ")")) return kEnd;
      if (is_address_space(text(open))) {
        has_space = true;
      } else {
        declaration += (*this)[open].as_written() + " ";
      }
    }
    if (!has_space || open >= size()) return kEnd;
    const std::size_t close = closing(open);
    for (std::size_t j = open; j < close; j = next(j)) body += (*this)[j].as_written() + " ";
    auto [seen, is_new] = specialisations_.emplace(scope() + declaration, body);
    if (is_new) return kEnd;
    if (seen->second != body) fail(i, "specialisations that differ by address space only, and in what they are");
    std::size_t first = i;
    for (std::size_t j = previous(i); j != kEnd && !is(j, ";") && !is(j, "}") && !is(j, "{"); j = previous(j))
      first = j;
    blank(first, close);
    return next(close);
  }

  // void f(device T* p) {...}, which is one with that of thread T* to the host: where its body at i ends if it has been
  // there; else kEnd.
  std::size_t repeated_function(std::size_t i) {
    if (options_.for_address_spaces || inside_function() || pending_scope_ != ScopeKind::code) return kEnd;
    std::size_t first = i, depth = 0;
    bool has_space = false, has_arguments = false;
    std::string declaration, body;
    for (std::size_t j = previous(i); j != kEnd; j = previous(j)) {
      const std::string& word = (*this)[j].as_written();
      if (depth == 0 && (word == ";" || word == "}" || word == "{")) break;
      if (word == ")" || word == "}") ++depth;
      if ((word == "(" || word == "{") && depth > 0) --depth;
      if (word == "(" && depth == 0) has_arguments = true;
      first = j;
    }
    for (std::size_t j = first; j < i; j = next(j)) {
      const std::string& word = (*this)[j].as_written();
      if (is_address_space(word)) {
        has_space = true;
      } else {
        declaration += word + " ";
      }
    }
    if (!has_space || !has_arguments) return kEnd;
    const std::size_t close = closing(i);
    for (std::size_t j = i; j < close; j = next(j)) {
      if (!is_address_space(text(j))) body += (*this)[j].as_written() + " ";
    }
    const bool is_method = !scopes_.empty() && scopes_.back().kind == ScopeKind::type;
    auto& seen = is_method ? scopes_.back().functions : functions_;
    auto [earlier, is_new] = seen.emplace((is_method ? "" : scope()) + declaration, body);
    if (is_new) return kEnd;
    if (options_.house_rules) fail(i, "overloads that differ by address space only");
    if (earlier->second != body) fail(i, "overloads that differ by address space only, and in what they do");
    blank(first, close);
    return next(close);
  }

  // Methods that differ by the address space of `this` alone are one method to the host.
  std::size_t method_qualifier(std::size_t i) {
    if (options_.for_address_spaces) {
      address_space(i);
      return next(i);
    }
    auto was = [this](std::size_t j, const char* what) { return (*this)[j].as_written() == what; };  // or is, still
    std::size_t first = i, depth = 0;
    for (std::size_t j = previous(i); j != kEnd; j = previous(j)) {
      if (depth == 0 && (was(j, ";") || was(j, "{") || was(j, "}") || was(j, ":"))) break;
      if (was(j, ")") || was(j, "}")) ++depth;
      if ((was(j, "(") || was(j, "{")) && depth > 0) --depth;
      first = j;
    }
    std::size_t end = next(i);
    for (bool initialises = false; end < size() && !is(end, ";");) {
      if (is(end, ":")) initialises = true;
      const bool is_member = initialises && is_kind(previous(end), TokenKind::identifier);  // a{0}
      if (is(end, "{") && !is_member) break;
      end = is(end, "(") || is(end, "{") ? next(closing(end)) : next(end);
    }
    const std::size_t close = is(end, "{") ? closing(end) : end;
    std::string declaration, body;
    for (std::size_t j = first; j <= close; j = next(j)) {
      if (j != i) (j < end ? declaration : body) += (*this)[j].as_written() + " ";
    }
    (*this)[i].rewrite(" ");
    if (scopes_.empty()) return next(i);
    auto [seen, is_new] = scopes_.back().methods.emplace(declaration, body);
    if (is_new) return next(i);
    if (seen->second != body) fail(i, "overloads that differ by address space only, and in what they do");
    blank(first, close);
    return next(close);
  }

  bool inside_function() const { return !scopes_.empty() && scopes_.back().kind == ScopeKind::code; }

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
    for (; j < size() && !(depth == 0 && (is(j, ";") || is(j, "=") || is(j, "[") || is(j, ","))); j = next(j)) {
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
    if (j >= size() || is(j, "(") || is(j, "{")) fail(i, "a threadgroup declaration that is not understood");
    std::size_t name = previous(j), end = j;
    while (end < size() && !is(end, ";")) {
      if (is(end, ",")) fail(end, "one threadgroup variable a declaration");
      if (is(end, "=")) end = initialiser(end);
      if (is(end, ";")) break;
      end = is(end, "[") ? next(closing(end)) : next(end);
    }
    if (scopes_.empty()) fail(i, "a threadgroup variable outside functions");
    if (!is_kind(name, TokenKind::identifier)) fail(i, "a threadgroup declaration that is not understood");
    std::string variable = text(name), type = "threadgroup_type_of_" + variable;
    (*this)[i].rewrite("typedef");
    (*this)[name].rewrite(type);
    int id = ++threadgroup_variables_;
    (*this)[end].after =
        options_.for_address_spaces
            ? fmt::format(" __local {0}& {1} = *metalhost::threadgroup_variable<{0}>();", type, variable)
            : fmt::format(" {0}& {1} = *({0}*)metalhost::runtime->threadgroup_variable({2}, sizeof({0}), \"{1}\");",
                          type, variable, id);
    // Without house rules it is too large where it runs: public kernels have variants that never do.
    if (options_.house_rules && !options_.for_address_spaces) {
      (*this)[end].after.insert(0, fmt::format(" static_assert(sizeof({}) <= 32768, \"'{}' is larger than the 32,768 "
                                               "bytes of threadgroup memory\");",
                                               type, variable));
    }
    return next(i);
  }

  // Metal's compiler takes the initialiser of a threadgroup variable, and nothing says that it writes it: so it is left
  // out, and the memory is as unwritten as without it. What ends the declaration.
  std::size_t initialiser(std::size_t assign) {
    if (options_.house_rules) fail(assign, "a threadgroup variable has no initialiser in Metal");
    std::size_t end = next(assign);
    while (end < size() && !is(end, ";")) end = is(end, "{") || is(end, "(") ? next(closing(end)) : next(end);
    if (end >= size()) fail(assign, "a threadgroup declaration that is not understood");
    blank(assign, previous(end));
    return end;
  }

  void address_space(std::size_t i) {
    Token& token = (*this)[i];
    if (bindings_.declares_constant(i)) return;
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
        bindings_.max_threads(next(next(name)));
      }
      kernel(i, end);
    } else if (is(name, "max_total_threads_per_threadgroup")) {
      bindings_.max_threads(name);
    } else {
      static const std::set<std::string> ignored = {"clang",         "unroll",    "maybe_unused",
                                                    "always_inline", "host_name", "fallthrough",
                                                    "nodiscard",     "likely",    "unlikely"};
      // Metal ignores what a dispatch gives where no kernel takes it.
      const bool is_idle = !options_.house_rules &&
                           (is(name, "buffer") || is(name, "threadgroup") || builtin_arguments().contains(text(name)));
      if (!is_idle && !ignored.contains(text(name)))
        fail(i, "attribute '" + joined(name, end) + "' is not understood here");
    }
    blank(i, end);
    return next(end);
  }

  // `from` to `to`: the word kernel, or the attribute.
  void kernel(std::size_t from, std::size_t to) {
    std::size_t before = previous(from);
    while (before != kEnd && is(before, "]]")) {
      while (before != kEnd && !is(before, "[[")) before = previous(before);
      before = previous(before);
    }
    std::size_t name = next(to);
    while (is(name, "[[")) name = attribute(name);
    while (is(name, "static") || is(name, "inline")) name = next(name);
    if (!is(name, "void")) fail(name, "a kernel returns void");
    bindings_.declare_kernel(next(name), scope(), is(before, ">") ? before : kEnd);
  }

  std::string scope() const {
    std::string out;
    for (const auto& scope : scopes_) {
      if (!scope.name.empty()) out += scope.name + "::";
    }
    return out;
  }

  enum class ScopeKind { code, type, name_space };
  struct Scope {
    ScopeKind kind;
    std::string name;  // of a namespace; empty for other braces
    // Of a type, without the address space of `this`, and without any: declarations and bodies.
    std::map<std::string, std::string> methods = {}, functions = {};
  };

  RewriteOptions options_;
  Bindings bindings_{*this, options_};
  std::vector<Scope> scopes_;
  ScopeKind pending_scope_ = ScopeKind::code;  // of the braces that come next
  std::string pending_namespace_;
  std::map<std::string, std::string> specialisations_, functions_;  // without address spaces: declarations and bodies
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
