#include "cli/session.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/fail.h"
#include "base/log.h"
#include "cli/checks.h"

namespace temper::cli {
namespace {

std::atomic<bool> interrupt_requested = false;

extern "C" void on_interrupt(int signal_number) {
  if (interrupt_requested.exchange(true)) std::_Exit(128 + signal_number);
}

/// What --device takes in a build with these devices.
std::vector<std::string> device_names(const std::vector<DeviceType>& available) {
  std::vector<std::string> names = {"auto"};
  for (const DeviceType type : available) names.push_back(device_name(type));
  return names;
}

CLI::Validator a_device() {
  const auto check = [](const std::string& name) { return device_problem(name, available_devices()); };
  return {check, fmt::format("{}", fmt::join(device_names(available_devices()), "|"))};
}

/// The device of that name; for auto the first one that opens: a Mac without a usable GPU still has its CPU.
std::shared_ptr<Backend> open_device(const std::string& name, const BackendOptions& options) {
  const auto available = available_devices();
  for (const DeviceType type : available)
    if (device_name(type) == name) return open_backend({type, 0}, options);
  for (const DeviceType type : available) {
    try {
      return open_backend({type, 0}, options);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported || type == available.back()) throw;
      log::info("{}; going on without it", error.what());
    }
  }
  fail(ErrorCode::internal, "this build has no device");
}

std::optional<DType> parse_dtype(const std::string& name) {
  return name == "auto" ? std::nullopt : dtype_from_name(name);
}

GemmChoice gemm_choice(const std::string& name) {
  return name == "mps" ? GemmChoice::mps : name == "own" ? GemmChoice::own : GemmChoice::automatic;
}

TextModel load_text_model(Runtime& runtime, const DeviceOptions& options, const std::string& path) {
  return TextModel::load(*runtime.backend, runtime.ctx(), path,
                         {.dtype = parse_dtype(options.dtype), .quantized = options.weights == "quantized"});
}

}  // namespace

std::string device_name(DeviceType type) {
  const std::string full = to_string(Device{type, 0});
  return full.substr(0, full.find(':'));
}

std::string device_problem(const std::string& name, const std::vector<DeviceType>& available) {
  const std::vector<std::string> names = device_names(available);
  if (std::ranges::count(names, name) > 0) return "";
  if (name == "metal")
    return "this build has no Metal backend; it needs clang and metal-cpp (./dev build fetches it) and TEMPER_METAL=ON";
  if (name == "cuda") return "temper has no CUDA backend; try --device cpu";
  return fmt::format("{} is none of {}", name, fmt::join(names, ", "));
}

void add_runtime_options(CLI::App& command, Session& session) {
  DeviceOptions& o = session.device;
  const std::string group = "Device";
  command.add_option("--device", o.device, "where to compute")->capture_default_str()->check(a_device())->group(group);
  command.add_option("--threads", o.threads, "CPU threads; 0: one a core")
      ->capture_default_str()
      ->check(whole_number(0, 4096))
      ->group(group);
  command
      .add_option("--gemm", o.gemm,
                  "matrix products on Metal: mps (where it takes them), own (our kernels), or auto, which is mps")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "mps", "own"}))
      ->group(group);
  command.add_flag("--counters", o.counters, "print kernel launches, buffers and waits at the end")->group(group);
}

void add_dtype_option(CLI::App& command, Session& session) {
  command.add_option("--dtype", session.device.dtype, "arithmetic; auto: what the device is fastest at")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f16"}))
      ->group("Device");
}

void add_device_options(CLI::App& command, Session& session) {
  add_runtime_options(command, session);
  add_dtype_option(command, session);
  command
      .add_option("--weights", session.device.weights,
                  "dense (expanded at load) or quantized (the file's blocks are kept)")
      ->capture_default_str()
      ->check(CLI::IsMember({"dense", "quantized"}))
      ->group("Device");
}

void add_unused_device_options(CLI::App& command, Session& session) {
  add_runtime_options(command, session);
  add_dtype_option(command, session);
  for (const char* name : {"--device", "--threads", "--gemm", "--dtype", "--counters"})
    command.get_option(name)->description("taken by every command; nothing is computed here");
}

void add_model_options(CLI::App& command, std::string& model, std::string& adapter) {
  command.add_option("--model", model, "Hugging Face folder or .gguf file")->required();
  command.add_option("--adapter", adapter, "LoRA adapter, a PEFT folder");
}

Runtime::Runtime(const DeviceOptions& options)
    : backend(open_device(options.device, {.threads = options.threads, .gemm = gemm_choice(options.gemm)})),
      context(std::make_unique<Context>(backend)) {}

void Runtime::report(const DeviceOptions& options) {
  if (options.counters) fmt::print(stderr, "{}", to_string(context->counters()));
}

LoadedModel::LoadedModel(const Session& session, const std::string& model_path, const std::string& adapter_path)
    : runtime(session.device), model(load_text_model(runtime, session.device, model_path)) {
  const LanguageModel& lm = model.language_model();
  log::info("{}: {} parameters, {} of weights, {} arithmetic on {}", model_path,
            human_count(static_cast<double>(lm.parameter_count())), human_bytes(static_cast<double>(lm.weight_bytes())),
            name_of(lm.compute_dtype()), runtime.backend->description());
  if (adapter_path.empty()) return;
  std::string summary;
  adapter = LoraAdapter::load_peft(ctx(), lm, adapter_path, &summary);
  bound = adapter->bind();
  log::info("{}: rank {}, {}", adapter_path, adapter->config().rank, summary);
}

std::vector<int32_t> parse_ids(const std::string& text) {
  std::vector<int32_t> ids;
  size_t at = 0;
  while (at <= text.size()) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string item = text.substr(at, comma - at);
    size_t used = 0;
    try {
      ids.push_back(std::stoi(item, &used));
    } catch (const std::exception&) {
      used = std::string::npos;
    }
    if (used != item.size()) fail(ErrorCode::usage, "--ids '{}': '{}' is not a token id; write 1,2,3", text, item);
    at = comma + 1;
  }
  return ids;
}

std::string read_stdin() {
  return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
}

void print_json_line(const OrderedJson& json) {
  const std::string line = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

std::string human_count(double n) {
  return n >= 1e9   ? fmt::format("{:.2f} B", n / 1e9)
         : n >= 1e6 ? fmt::format("{:.1f} M", n / 1e6)
                    : fmt::format("{:.0f}", n);
}

std::string human_bytes(double bytes) {
  if (bytes < 1e6) return fmt::format("{:.0f} kB", bytes / 1e3);
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes / 1e9) : fmt::format("{:.0f} MB", bytes / 1e6);
}

const std::atomic<bool>& interrupted() {
  return interrupt_requested;
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

}  // namespace temper::cli
