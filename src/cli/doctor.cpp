// `temper doctor`: is this machine fit for temper, and does it compute right?
#include <fmt/color.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/fail.h"
#include "cli/build_info.h"
#include "cli/checks.h"
#include "cli/conformance_report.h"
#include "cli/machine.h"
#include "cli/self_check.h"
#include "cli/session.h"

namespace temper::cli {
namespace {

using Status = Check::Status;

struct DoctorOptions {
  bool json = false;
  bool full = false;
  double seconds = 5.0;
};

constexpr double kLowMemoryBytes = 2e9, kLowDiskBytes = 2e9;

const char* word_of(Status status) {
  return status == Status::ok ? "ok" : status == Status::warn ? "warn" : "fail";
}

Check memory_check() {
  const auto bytes = available_memory_bytes();
  if (!bytes) return {Status::warn, "memory", "unknown", "make sure that a few GB are free"};
  const auto available = static_cast<double>(*bytes);
  Check check{.name = "memory", .detail = human_bytes(available) + " available"};
  if (available < kLowMemoryBytes) {
    check.status = Status::warn;
    check.advice =
        "training SmolLM2-135M takes about 2 GB; close other programs, or use --grad-checkpoint and smaller batches";
  }
  return check;
}

Check disk_check() {
  std::error_code error;
  const auto space = std::filesystem::space(".", error);
  if (error) return {Status::warn, "disk", error.message(), "make sure that the output folder has room"};
  const auto available = static_cast<double>(space.available);
  Check check{.name = "disk", .detail = human_bytes(available) + " free in this folder"};
  if (available < kLowDiskBytes) {
    check.status = Status::warn;
    check.advice = "checkpoints and merged models may not fit; free some space or write elsewhere with --out";
  }
  return check;
}

std::vector<Check> machine_checks() {
  const unsigned cores = std::thread::hardware_concurrency();
  std::vector<Check> checks = {
      {Status::ok, "program",
       fmt::format("temper {}, {} build, {}", build_info::kVersion, build_info::kBuildType, build_info::kCompiler), ""},
      {Status::ok, "cores", fmt::format("{}", cores), ""}};
  if (std::string_view(build_info::kBuildType) != "Release") {
    checks[0].status = Status::warn;
    checks[0].advice = "speeds mean something in a Release build only";
  }
  if (const char* omp = std::getenv("OMP_NUM_THREADS"); omp && std::string_view(omp) != "1")
    checks.push_back(
        {Status::ok, "OMP_NUM_THREADS", fmt::format("{}; temper uses its own threads, see --threads", omp), ""});
  checks.push_back(memory_check());
  checks.push_back(disk_check());
  return checks;
}

/// The device opens, says what it is and computes right.
std::vector<Check> device_checks(DeviceType type, int threads) {
  const Device device{type, 0};
  std::vector<Check> checks;
  try {
    const auto backend = open_backend(device, {.threads = threads});
    Context ctx(backend);
    checks.push_back(
        {Status::ok, to_string(device),
         fmt::format("{}; --dtype auto is {}", backend->description(), name_of(backend->preferred_compute_dtype())),
         ""});
    const std::vector<Check> numeric = numeric_checks(ctx);
    checks.insert(checks.end(), numeric.begin(), numeric.end());
  } catch (const Error& error) {
    checks.push_back({Status::fail, to_string(device), error.what(), "use another --device"});
  }
  return checks;
}

void print_check(const Check& check, bool coloured) {
  const auto colour = check.status == Status::ok     ? fmt::terminal_color::green
                      : check.status == Status::warn ? fmt::terminal_color::yellow
                                                     : fmt::terminal_color::red;
  const std::string word = fmt::format("{:<4}", word_of(check.status));
  fmt::print("{}  {}: {}\n", coloured ? fmt::format(fmt::fg(colour), "{}", word) : word, check.name, check.detail);
  if (!check.advice.empty()) fmt::print("      -> {}\n", check.advice);
}

int doctor(const Session& session, const DoctorOptions& options) {
  std::vector<Check> checks = machine_checks();
  std::vector<ConformanceReport> reports;
  for (const DeviceType type : available_devices()) {
    if (const std::string& chosen = session.device.device; chosen != "auto" && chosen != device_name(type)) continue;
    std::vector<Check> found = device_checks(type, session.device.threads);
    const bool opens = std::ranges::none_of(found, [&](const Check& check) {
      return check.name == to_string(Device{type, 0}) && check.status == Status::fail;
    });
    std::ranges::move(found, std::back_inserter(checks));
    if (!opens) continue;
    reports.push_back(run_conformance(type, options.full ? std::nullopt : std::optional(options.seconds)));
    checks.push_back(summary_of(reports.back()));
  }
  const auto failed = std::ranges::count(checks, Status::fail, &Check::status);
  if (options.json) {
    OrderedJson list = OrderedJson::array();
    for (const Check& check : checks)
      list.push_back({{"status", word_of(check.status)},
                      {"name", check.name},
                      {"detail", check.detail},
                      {"advice", check.advice}});
    OrderedJson conformance = OrderedJson::array();
    for (const ConformanceReport& report : reports) append_json(report, conformance);
    print_json_line({{"failed", failed}, {"checks", std::move(list)}, {"conformance", std::move(conformance)}});
  } else {
    const bool coloured = isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
    for (const ConformanceReport& report : reports) print(report);
    for (const Check& check : checks) print_check(check, coloured);
    fmt::print("{}\n",
               failed == 0 ? "this machine is fine" : fmt::format("{} of {} checks failed", failed, checks.size()));
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("doctor", "check this machine: devices, memory, and that ops compute right");
  auto options = std::make_shared<DoctorOptions>();
  command->add_flag("--json", options->json, "one JSON line on standard output");
  command
      ->add_option("--seconds", options->seconds,
                   "about how long the conformance suite runs on each device; every op is checked once at least")
      ->check(number(0.0))
      ->capture_default_str();
  command->add_flag("--full", options->full, "run the whole conformance suite");
  add_runtime_options(*command, session);
  add_dtype_option(*command, session);
  command->callback(
      [&session, options] { session.action = [&session, options] { return doctor(session, *options); }; });
}

}  // namespace temper::cli
