#pragma once

#include <CLI/CLI.hpp>

#include <atomic>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapter/lora_adapter.h"
#include "models/text_model.h"

namespace temper::cli {

/// Options that every subcommand takes.
struct DeviceOptions {
  std::string device = "auto";
  int threads = 0;
  std::string dtype = "auto";
  std::string weights = "dense";
  std::string gemm = "auto";
  bool counters = false;
};

/// What a subcommand runs with. Subcommands set `action`; main calls it after parsing and maps errors to exit codes.
struct Session {
  DeviceOptions device;
  bool quiet = false, verbose = false;
  std::function<int()> action;
  std::string command_line;
};

/// As --device takes it: "cpu".
std::string device_name(DeviceType type);

/// What is wrong with --device NAME in a build with these devices, and what would mend it; empty when nothing is.
std::string device_problem(const std::string& name, const std::vector<DeviceType>& available);

/// Adds --device, --threads, --gemm, --dtype, --weights and --counters.
void add_device_options(CLI::App& command, Session& session);
/// Of these --device, --threads, --gemm and --counters only.
void add_runtime_options(CLI::App& command, Session& session);
/// --dtype alone.
void add_dtype_option(CLI::App& command, Session& session);
/// --device, --threads, --dtype and --counters for commands that compute nothing, so that scripts may pass them
/// anywhere.
void add_unused_device_options(CLI::App& command, Session& session);
/// Adds --model (required) and --adapter.
void add_model_options(CLI::App& command, std::string& model, std::string& adapter);

/// A backend and a context on it, as the options ask.
struct Runtime {
  std::shared_ptr<Backend> backend;
  std::unique_ptr<Context> context;

  explicit Runtime(const DeviceOptions& options);
  Context& ctx() { return *context; }
  /// Prints the counters on standard error when --counters was given.
  void report(const DeviceOptions& options);
};

/// Runtime, model and, when named, adapter: what most subcommands begin with. Says on standard error what was loaded.
struct LoadedModel {
  Runtime runtime;
  TextModel model;
  std::optional<LoraAdapter> adapter;
  std::optional<BoundAdapter> bound;

  LoadedModel(const Session& session, const std::string& model_path, const std::string& adapter_path);
  Context& ctx() { return runtime.ctx(); }
  const BoundAdapter* adapter_or_null() const { return bound ? &*bound : nullptr; }
};

/// "1,2,3" -> ids. Throws Error{usage}.
std::vector<int32_t> parse_ids(const std::string& text);
/// All of standard input.
std::string read_stdin();
/// One line of JSON on standard output, at once.
void print_json_line(const OrderedJson& json);
/// "135 M parameters", "258 MB".
std::string human_count(double n);
std::string human_bytes(double bytes);

/// Becomes true with the first SIGINT or SIGTERM (a second one ends the program at once).
const std::atomic<bool>& interrupted();
void catch_interrupts();

}  // namespace temper::cli
