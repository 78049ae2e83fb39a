// What the host binds by: kernels with their arguments, instantiations by their host names, and function constants.
// Read from the tokens, which lose their attributes by it, and written as tables.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "msl/compiler/rewriter.h"
#include "msl/compiler/token_text.h"

namespace metalhost::msl {

class Bindings {
 public:
  Bindings(TokenText& source, const RewriteOptions& options) : source_(source), options_(options) {}

  // constant T name [[function_constant(i)]];
  void find_constants();
  // Whether the word `constant` there is of a function constant.
  bool declares_constant(std::size_t i) const { return declarations_.contains(i); }
  // [[max_total_threads_per_threadgroup(n)]], of the kernel that comes next.
  void max_threads(std::size_t name);
  // `arguments`: where the template arguments before it end; TokenText::kEnd: it is no template.
  void declare_kernel(std::size_t name, const std::string& scope, std::size_t arguments);
  // template [[host_name("x")]] [[kernel]] decltype(f<T>) f<T>; or template [[host_name("x")]] [[kernel]] void
  // f<T>(...); where it ends.
  std::size_t instantiation(std::size_t i, const std::string& scope);

  std::string tables();
  // For the check of address spaces: templates are looked into where they are used.
  std::string uses();
  std::vector<std::string> kernels() const;  // names that the host knows

 private:
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
    std::string address;  // an expression
    std::size_t token;
  };

  struct Constant {
    std::string name, type, index;
    bool required = true;
  };

  void parameters(std::size_t open, Kernel& kernel);
  void add_parameter(std::size_t from, std::size_t to, Kernel& kernel);
  Parameter parameter(std::size_t from, std::size_t to, const Kernel& kernel);
  std::string implicit_index(const Kernel& kernel) const;
  std::string declaration_of(std::size_t from, std::size_t to);
  std::string signature(std::size_t open);
  const Kernel& kernel_of(const Instance& instance);
  std::string max_threads_of(const Kernel& kernel, const Instance& instance) const;

  TokenText& source_;
  const RewriteOptions& options_;
  std::vector<Constant> constants_;
  std::map<std::string, std::size_t> slots_;
  std::set<std::size_t> declarations_;
  std::string pending_max_threads_;
  std::map<std::string, Kernel> kernels_;
  std::vector<Instance> instances_;
};

}  // namespace metalhost::msl
