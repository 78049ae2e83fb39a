// metalhost run FILE.metal --kernel NAME: one dispatch on the emulated device, under its checks.
#include <fmt/format.h>

#include <memory>

#include "tool/commands.h"
#include "tool/dispatch.h"
#include "tool/source.h"

namespace metalhost::tool {
namespace {

struct RunOptions {
  std::string file, kernel, grid, threads, schedule = "every";
  std::vector<std::string> buffers, outputs, constants, threadgroup;
  uint64_t seed = 1;
  SourceOptions source;
};

DispatchSpec spec_of(const RunOptions& options) {
  DispatchSpec spec;
  spec.kernel = options.kernel;
  spec.grid = extent(options.grid, "--grid");
  spec.threads = extent(options.threads, "--threads");
  for (const std::string& text : options.buffers) {
    const auto [index, value] = indexed(text, "--buffer");
    if (!spec.buffers.emplace(index, buffer_value(value)).second)
      throw UsageError(fmt::format("--buffer {}: index {} is given twice", text, index));
  }
  for (const std::string& text : options.threadgroup) {
    const auto [index, bytes] = indexed(text, "--threadgroup");
    spec.threadgroup_bytes[index] = extent(bytes, "--threadgroup")[0];
  }
  for (const std::string& text : options.constants) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos)
      throw UsageError(fmt::format("--constant {}: write INDEX=TYPE:VALUE or NAME=TYPE:VALUE", text));
    spec.constants[text.substr(0, equals)] = constant_value(text.substr(equals + 1));
  }
  return spec;
}

std::vector<std::string> schedules_of(const RunOptions& options) {
  const std::string random = fmt::format("random:{}", options.seed);
  if (options.schedule == "random") return {random};
  if (options.schedule == "every") return {"forward", "reverse", random};
  return {options.schedule};
}

// The first byte at which two runs differ, as a message; empty when they agree.
std::string difference(const Buffers& a, const Buffers& b) {
  for (const auto& [index, array] : a) {
    const Array& other = b.at(index);
    const std::size_t size = bytes_of(array.type);
    for (std::size_t i = 0; i < array.bytes.size(); ++i) {
      if (array.bytes[i] != other.bytes[i]) return fmt::format("buffer {} differs at element {}", index, i / size);
    }
  }
  return {};
}

int run(const RunOptions& options) {
  const DispatchSpec spec = spec_of(options);
  for (const std::string& text : options.outputs) {
    const auto [index, path] = indexed(text, "--out");
    if (!spec.buffers.contains(index))
      throw UsageError(fmt::format("--out {}: there is no --buffer {}=...", text, index));
  }
  msl::CompileOptions compile_options = options.source.compile_options();
  compile_options.checks = true;
  const auto object = msl::compile(read_source(options.file), options.file, compile_options);
  Device device(object);
  Buffers first;
  std::string first_schedule;
  for (const std::string& schedule : schedules_of(options)) {
    const DispatchResult result = device.run(spec, schedule);
    for (const std::string& problem : result.problems) fmt::print("{}\n", problem);
    if (!result.problems.empty()) {
      fmt::print("kernel '{}' did not run to its end (schedule {})\n", spec.kernel, schedule);
      return kFound;
    }
    if (first_schedule.empty()) {
      first = result.buffers;
      first_schedule = schedule;
    } else if (const std::string found = difference(first, result.buffers); !found.empty()) {
      fmt::print("{}: {} between schedule {} and {}: threads race; is a barrier missing?\n", options.file, found,
                 first_schedule, schedule);
      return kFound;
    }
  }
  const auto groups = [&](std::size_t d) { return (spec.grid[d] + spec.threads[d] - 1) / spec.threads[d]; };
  fmt::print("kernel '{}' ran on {}: {} threads in {} threadgroups, {}\n", spec.kernel, device.name(),
             spec.grid[0] * spec.grid[1] * spec.grid[2], groups(0) * groups(1) * groups(2),
             options.schedule == "every" ? "the same bits forward, in reverse and in random order"
                                         : "schedule " + first_schedule);
  for (const std::string& text : options.outputs) {
    const auto [index, path] = indexed(text, "--out");
    save_npy(path, first.at(index));
    fmt::print("wrote {}: {}\n", path, first.at(index).description());
  }
  return kGood;
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run one kernel on the emulated device, under its checks");
  command->add_option("FILE", options->file, "A Metal source file")->required();
  command->add_option("--kernel", options->kernel, "The kernel's name")->required();
  command->add_option("--grid", options->grid, "Threads of the grid")->required()->type_name("X,Y,Z");
  command->add_option("--threads", options->threads, "Threads of a threadgroup")->required()->type_name("X,Y,Z");
  command
      ->add_option("--buffer", options->buffers,
                   "in.npy, zeros:TYPE:SHAPE, fill:TYPE:SHAPE:VALUE or scalar:TYPE:VALUES")
      ->type_name("N=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--out", options->outputs, "Where a buffer is written afterwards")
      ->type_name("N=out.npy")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--constant", options->constants, "A function constant, by index or name")
      ->type_name("KEY=TYPE:VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--threadgroup", options->threadgroup, "Bytes of a [[threadgroup(n)]] argument")
      ->type_name("N=BYTES")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--schedule", options->schedule, "The order in which threads run; every: all must agree")
      ->check(CLI::IsMember({"forward", "reverse", "random", "every"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the random order")->capture_default_str();
  options->source.add_to(*command);
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace metalhost::tool
