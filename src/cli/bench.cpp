// `temper bench ops`: how fast ops are here, as part of what the device can do, and beside another stack.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/fail.h"
#include "base/file.h"
#include "bench/compare.h"
#include "bench/results.h"
#include "cli/build_info.h"
#include "cli/checks.h"
#include "cli/session.h"

namespace temper::cli {
namespace {

struct BenchArguments {
  std::string filter, peer, python = "python3", compare;
  int rounds = 9;
  bool all_ranks = false, list = false, json = false, quick = false;
};

constexpr const char* kPeerScript = "tools/peers/ops_peer.py";

std::unique_ptr<bench::Peer> start_peer(const BenchArguments& args, int threads) {
  if (args.peer.empty()) return nullptr;
  if (!std::filesystem::exists(kPeerScript))
    fail(ErrorCode::not_found, "--peer runs {}, which isn't here: start temper in the project's folder", kPeerScript);
  return std::make_unique<bench::Peer>(
      std::vector<std::string>{args.python, kPeerScript, args.peer, "--threads", std::to_string(threads)});
}

void print_changes(const bench::Comparison& comparison, const std::string& file) {
  const auto print = [](const char* word, const std::vector<bench::Change>& changes) {
    for (const bench::Change& change : changes) fmt::print("{}  {:5.2f} x  {}\n", word, change.ratio, change.name);
  };
  print("SLOWER", comparison.slower);
  print("faster", comparison.faster);
  for (const std::string& name : comparison.missing) fmt::print("missing        {}\n", name);
  if (!comparison.other_device.empty())
    fmt::print("{} is of another device, {}: the program may have no part in what changed\n", file,
               comparison.other_device);
  fmt::print("{} cases compared with {}: {} slower, {} faster, beyond both runs' spread and 5 %\n", comparison.compared,
             file, comparison.slower.size(), comparison.faster.size());
}

void print_table(const bench::Limits& limits, const std::vector<bench::Result>& results, bool alone,
                 const bench::Peer* peer) {
  fmt::print("fastest here: {:.0f} GFLOP/s", limits.flops_per_s() / 1e9);
  for (size_t level = 0; level < bench::Limits::kLevels.size(); ++level)
    fmt::print(", {} {:.0f} GB/s", bench::Limits::kLevels[level], limits.bytes_per_s()[level] / 1e9);
  fmt::print("\n");
  if (alone)
    fmt::print(
        "time: of a call among many, waited for once; on device: what of it the device worked; alone: of a call that "
        "is "
        "committed and waited for\n");
  if (peer) fmt::print("peer: {}, by turns with each sample; a ratio above 1: temper is faster\n", peer->name());
  fmt::print("\n{}\n", bench::table_heading(alone, peer != nullptr));
  for (const bench::Result& result : results) fmt::print("{}\n", bench::table_row(result, alone, peer != nullptr));
}

int bench_ops(const Session& session, const BenchArguments& args) {
  Runtime runtime(session.device);
  Context& ctx = runtime.ctx();
  const DType dtype = session.device.dtype == "auto" ? runtime.backend->preferred_compute_dtype()
                                                     : *dtype_from_name(session.device.dtype);
  std::vector<bench::Case> cases =
      bench::matching(bench::all_cases({.dtype = dtype, .all_ranks = args.all_ranks}), args.filter);
  if (cases.empty()) fail(ErrorCode::usage, "no case's name holds --filter '{}': see --list", args.filter);
  if (args.list) {
    for (const bench::Case& c : cases) fmt::print("{}\n", c.name());
    return 0;
  }
  const Json old_results = args.compare.empty() ? Json() : parse_json(read_file(args.compare), args.compare);
  const bench::RunKind kind{runtime.backend->description(), std::string(name_of(dtype)), args.filter};
  // Before anything is measured, so that a wrong file costs no time.
  if (!args.compare.empty()) bench::compare(old_results, {}, kind);

  const bool emulated = runtime.backend->is_emulated();
  if (!args.json) {
    fmt::print("{}, {} build\n", runtime.backend->description(), build_info::kBuildType);
    if (emulated)
      fmt::print(
          "This device is emulated on the CPU: its times say nothing about Apple hardware, and its limits are "
          "the emulation's.\n");
  }
  if (emulated && args.filter.empty()) {
    constexpr double most_flops = 3e8;  // about a second of the slowest kernel
    const auto left_out = std::erase_if(cases, [](const bench::Case& c) { return c.flops > most_flops; });
    if (!args.json) fmt::print("{} larger cases are left out; --filter takes them in\n", left_out);
  }
  const bool brief = args.quick || emulated;
  bench::Limits limits = bench::measure_limits(ctx, dtype, session.device.threads, brief);
  const std::unique_ptr<bench::Peer> peer = start_peer(args, session.device.threads);
  const bool alone = ctx.device().type != DeviceType::cpu;
  const bench::RunOptions options = brief ? bench::RunOptions{.rounds = 2, .sample_seconds = 1e-3, .most_calls = 3}
                                          : bench::RunOptions{.rounds = args.rounds};
  const bool progress = isatty(STDERR_FILENO) != 0 && !session.quiet;
  std::vector<bench::Result> results;
  for (const bench::Case& c : cases) {
    if (progress) fmt::print(stderr, "\r\033[K{} of {}: {}", results.size() + 1, cases.size(), c.name());
    results.push_back(bench::run_case(ctx, c, options, peer.get()));
  }
  if (progress) fmt::print(stderr, "\r\033[K");
  std::optional<bench::Comparison> comparison;
  if (!args.compare.empty())
    comparison = bench::compare_and_confirm(
        old_results, results, kind, [&](size_t i) { return bench::run_case(ctx, cases[i], options, peer.get()); });
  bench::apply_limits(limits, cases, results);
  if (args.json) {
    OrderedJson list = OrderedJson::array();
    for (const bench::Result& result : results) list.push_back(bench::to_json(result));
    print_json_line({{"device", runtime.backend->description()},
                     {"emulated", emulated},
                     {"version", build_info::kVersion},
                     {"compiler", build_info::kCompiler},
                     {"dtype", name_of(dtype)},
                     {"peer", peer ? OrderedJson(peer->name()) : OrderedJson()},
                     {"limits", bench::to_json(limits)},
                     {"cases", std::move(list)},
                     {"comparison", comparison ? bench::to_json(*comparison) : OrderedJson()}});
  } else {
    print_table(limits, results, alone, peer.get());
    if (comparison) print_changes(*comparison, args.compare);
  }
  runtime.report(session.device);
  return comparison && !comparison->slower.empty() ? 1 : 0;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("bench", "how fast this machine is");
  command->require_subcommand(1);
  CLI::App* ops =
      command->add_subcommand("ops", "each op: time, rate and part of what the device can do; results are checked");
  auto args = std::make_shared<BenchArguments>();
  ops->add_option("--filter", args->filter, "only cases whose name holds this, e.g. 'lora_linear 64 x'");
  ops->add_flag("--list", args->list, "name the cases and stop");
  ops->add_option("--rounds", args->rounds, "samples of a case")->capture_default_str()->check(whole_number(1, 1000));
  ops->add_flag("--all-ranks", args->all_ranks, "LoRA of ranks 4 to 64 instead of 8 and 64");
  ops->add_flag("--quick", args->quick, "two short samples a case: do they run at all?");
  ops->add_option("--peer", args->peer,
                  "also run the cases with another stack, by turns: mlx (mx.eval every call) or torch")
      ->check(CLI::IsMember({"mlx", "torch"}));
  ops->add_option("--python", args->python, "the Python that has the peer")->capture_default_str();
  ops->add_option(
      "--compare", args->compare,
      "what an earlier run printed with --json: list what became slower, measured twice, and exit with 1 if "
      "anything did");
  ops->add_flag("--json", args->json, "one JSON line on standard output");
  add_runtime_options(*ops, session);
  add_dtype_option(*ops, session);
  ops->callback([&session, args] { session.action = [&session, args] { return bench_ops(session, *args); }; });
}

}  // namespace temper::cli
