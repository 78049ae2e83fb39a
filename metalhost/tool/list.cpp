// metalhost list FILE.metal: the kernels with their arguments.
#include <fmt/format.h>

#include <memory>
#include <string_view>

#include "tool/commands.h"
#include "tool/data_type.h"
#include "tool/source.h"

namespace metalhost::tool {
namespace {

std::string attribute_of(const msl::Argument& argument) {
  static constexpr std::string_view kNames[] = {"buffer",
                                                "threadgroup",
                                                "thread_position_in_grid",
                                                "thread_position_in_threadgroup",
                                                "threadgroup_position_in_grid",
                                                "threads_per_threadgroup",
                                                "dispatch_threads_per_threadgroup",
                                                "threads_per_grid",
                                                "threadgroups_per_grid",
                                                "thread_index_in_threadgroup",
                                                "thread_index_in_simdgroup",
                                                "simdgroup_index_in_threadgroup",
                                                "simdgroups_per_threadgroup",
                                                "threads_per_simdgroup",
                                                "thread_index_in_quadgroup",
                                                "quadgroup_index_in_threadgroup"};
  const std::string_view name = kNames[static_cast<int>(argument.kind)];
  const bool is_indexed = argument.kind == msl::ArgumentKind::buffer || argument.kind == msl::ArgumentKind::threadgroup;
  return is_indexed ? fmt::format("{}({})", name, argument.index) : std::string(name);
}

int list(const std::string& file, const SourceOptions& options) {
  const auto object = msl::compile(read_source(file), file, options.compile_options());
  for (const auto* kernel : object->kernels()) {
    std::string notes;
    if (std::string_view(kernel->function) != kernel->name) notes += fmt::format("  = {}", kernel->function);
    if (kernel->max_threads > 0) notes += fmt::format("  at most {} threads a threadgroup", kernel->max_threads);
    fmt::print("{}{}\n", kernel->name, notes);
    for (int i = 0; i < kernel->argument_count; ++i) {
      const msl::Argument& argument = kernel->arguments[i];
      fmt::print("  {:<40} {}{}\n", attribute_of(argument), kernel->declarations[i],
                 argument.is_optional ? "  (if a function constant says so)" : "");
    }
  }
  const auto constants = object->constants();
  if (!constants.empty()) fmt::print("function constants\n");
  for (const auto* constant : constants) {
    fmt::print("  {:<40} {} {}{}\n", fmt::format("function_constant({})", constant->index),
               data_type_name(static_cast<uint64_t>(constant->data_type)), constant->name,
               constant->required ? "" : "  (may be left out)");
  }
  return kGood;
}

}  // namespace

void add_list(CLI::App& app, int& status) {
  struct ListOptions {
    std::string file;
    SourceOptions source;
  };
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "Show the kernels of a file with their arguments");
  command->add_option("FILE", options->file, "A Metal source file")->required();
  options->source.add_to(*command);
  command->callback([options, &status] { status = list(options->file, options->source); });
}

}  // namespace metalhost::tool
