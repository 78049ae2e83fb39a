// ./dev mutate: plants mistakes into the Metal kernels, one at a time, and counts those that the tests notice.
//   mutate TESTS WORK_FOLDER [--seed N] [--sample N | --all] [--file NAME] [--jobs N] [--list] [--again]
// TESTS is mutant_tests. A mutant meets, until one fails: a few quick tests of every kernel that its file is in; the
// same under METALHOST_CHECK_KERNELS, which sees races and accesses out of bounds; all tests that run the file's
// kernels.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "mutation/kernel_folder.h"
#include "mutation/mutations.h"

namespace temper::mutation {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const fs::path kFolder = TEMPER_SOURCE_DIR "/src/device/metal";
const fs::path kEquivalent = TEMPER_SOURCE_DIR "/tests/mutation/equivalent.txt";

struct Options {
  fs::path tests, work;
  unsigned seed = 1;
  size_t sample = 500;
  std::string file;
  int jobs = 2;
  bool list = false;
  bool again = false;  // what the last run left
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Site {
  std::string file;  // relative to kFolder
  Mutation mutation;
  std::string before, after;  // the line
  int occurrence = 1;         // of the same mistake in lines of the same text

  /// What tells it from others for as long as its line stays as it is: the list of equivalent ones names it so.
  std::string key() const {
    return fmt::format("{} | {} | {} | {}{}", file, name_of(mutation.op), before, after,
                       occurrence == 1 ? "" : fmt::format(" #{}", occurrence));
  }
};

std::string trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : std::string(line.substr(first));
}

/// The line of a text that holds an offset.
std::string line_at(const std::string& text, size_t offset) {
  const size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  return trimmed(std::string_view(text).substr(begin, text.find('\n', offset) - begin));
}

std::vector<Site> all_sites(const std::string& only) {
  std::set<std::string> files;
  for (const FlatKernel& kernel : flat_kernels(kFolder)) files.insert(kernel.files.begin(), kernel.files.end());
  std::vector<Site> sites;
  std::map<std::string, int> seen;
  for (const std::string& file : files) {
    if (!file.ends_with(".metal") || (!only.empty() && fs::path(file).stem() != only)) continue;
    const std::string text = contents(kFolder / file);
    for (Mutation& mutation : mutations_of(text)) {
      const std::string mutant = mutation.applied_to(text);
      std::string before = line_at(text, mutation.offset), after = line_at(mutant, mutation.offset);
      sites.push_back({file, std::move(mutation), std::move(before), std::move(after)});
      sites.back().occurrence = ++seen[sites.back().key()];
    }
  }
  return sites;
}

/// Ends it after `seconds`. Its output goes to `log`; the status is that of the process, 124 when it was ended.
int run(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
        const fs::path& log, double seconds) {
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with us
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, 1);
    dup2(out, 2);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() > end) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return 124;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// A test and the kernels that it ran: "gemm:gemm_32".
struct Covering {
  std::string name;
  double seconds = 0;
  std::set<std::string> kernels;
};

std::vector<Covering> read_coverage(const fs::path& path) {
  std::vector<Covering> tests;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Covering test;
    std::string milliseconds, kernel;
    std::getline(fields, test.name, '\t');
    std::getline(fields, milliseconds, '\t');
    test.seconds = std::stod(milliseconds) / 1000;
    while (std::getline(fields, kernel, '\t')) test.kernels.insert(kernel);
    tests.push_back(std::move(test));
  }
  return tests;
}

class Session {
 public:
  explicit Session(Options options) : options_(std::move(options)) {
    fs::create_directories(options_.work);
    environment_["METALHOST_CACHE"] = (options_.work / "cache").string();
  }

  int main() {
    std::vector<Site> sites = all_sites(options_.file);
    const size_t total = sites.size();
    if (options_.again) {
      const std::string left = contents(options_.work / "survivors.txt");
      std::erase_if(sites, [&](const Site& site) { return left.find(site.key() + "\n") == std::string::npos; });
    }
    std::ranges::shuffle(sites, std::mt19937(options_.seed));
    if (sites.size() > options_.sample) sites.resize(options_.sample);
    std::ranges::sort(sites, {}, [](const Site& site) { return std::pair(site.file, site.mutation.offset); });
    if (options_.list) {
      for (const Site& site : sites) fmt::print("{}:{}: {}\n", site.file, site.mutation.line, site.key());
      fmt::print("{} of {} mistakes\n", sites.size(), total);
      return 0;
    }
    if (!measure_coverage()) return 1;
    read_equivalent();
    fmt::print("{} of {} mistakes, seed {}\n", sites.size(), total, options_.seed);
    const auto start = Clock::now();
    std::vector<std::thread> workers;
    for (int worker = 0; worker < options_.jobs; ++worker)
      workers.emplace_back([&, worker] {
        for (size_t i; (i = next_++) < sites.size();) meet(sites[i], worker, sites.size());
      });
    for (std::thread& worker : workers) worker.join();
    return report(std::chrono::duration<double>(Clock::now() - start).count());
  }

 private:
  /// Which test runs which kernels: measured once for a build of the tests.
  bool measure_coverage() {
    const fs::path file = options_.work / "coverage.txt";
    if (!fs::exists(file) || fs::last_write_time(file) < fs::last_write_time(options_.tests)) {
      fmt::print("running all tests once, to see which kernels each runs\n");
      std::cout.flush();
      if (!run_all_tests(file)) return false;
    }
    coverage_ = read_coverage(file);
    std::ranges::sort(coverage_, {}, &Covering::seconds);
    for (const FlatKernel& kernel : flat_kernels(kFolder))
      for (const std::string& included : kernel.files) includers_[included].insert(kernel.name);
    return true;
  }

  /// Without a mistake, a part in each of the processes.
  bool run_all_tests(const fs::path& coverage) {
    std::vector<int> failed(static_cast<size_t>(options_.jobs));
    std::vector<std::thread> parts;
    const auto name = [&](int part, const char* suffix) {
      return fmt::format("{}.{}{}", coverage.string(), part, suffix);
    };
    for (int part = 0; part < options_.jobs; ++part)
      parts.emplace_back([&, part] {
        auto environment = environment_;
        environment["TEMPER_MUTANT_COVERAGE"] = name(part, "");
        environment["GTEST_TOTAL_SHARDS"] = std::to_string(options_.jobs);
        environment["GTEST_SHARD_INDEX"] = std::to_string(part);
        failed[static_cast<size_t>(part)] =
            run({options_.tests.string(), "--gtest_filter=-MetalProfiles.AllTests*", "--gtest_brief=1"}, environment,
                name(part, ".log"), 1200);
      });
    for (std::thread& part : parts) part.join();
    std::ofstream all(coverage.string() + ".part");
    for (int part = 0; part < options_.jobs; ++part) {
      if (failed[static_cast<size_t>(part)] != 0) {
        fmt::print(stderr, "mutate: the tests fail without a mistake; see {}\n", name(part, ".log"));
        return false;
      }
      all << contents(name(part, ""));
    }
    all.close();
    fs::rename(coverage.string() + ".part", coverage);
    return true;
  }

  void read_equivalent() {
    std::ifstream file(kEquivalent);
    for (std::string line; std::getline(file, line);)
      if (!line.starts_with("#") && !line.starts_with("  ") && !line.empty()) equivalent_.insert(line);
  }

  bool runs(const Covering& test, const Site& site) const {
    const auto& names = includers_.at(site.file);
    return std::ranges::any_of(
        test.kernels, [&](const std::string& kernel) { return names.contains(kernel.substr(0, kernel.find(':'))); });
  }

  /// The quickest `each` tests of every kernel that the file is in, up to `seconds` in all.
  std::vector<std::string> quick_tests(const Site& site, size_t each, double seconds) const {
    std::map<std::string, size_t> count;
    std::vector<std::string> chosen;
    const auto& names = includers_.at(site.file);
    for (const Covering& test : coverage_) {
      if (test.seconds > seconds) break;
      const bool wanted = std::ranges::any_of(test.kernels, [&](const std::string& kernel) {
        return names.contains(kernel.substr(0, kernel.find(':'))) && count[kernel] < each;
      });
      if (!wanted) continue;
      seconds -= test.seconds;
      for (const std::string& kernel : test.kernels) ++count[kernel];
      chosen.push_back(test.name);
    }
    return chosen;
  }
  std::vector<std::string> every_test(const Site& site, double seconds) const {
    std::vector<std::string> chosen;
    for (const Covering& test : coverage_) {
      if (!runs(test, site)) continue;
      if ((seconds -= test.seconds) < 0) break;
      chosen.push_back(test.name);
    }
    return chosen;
  }

  enum class Verdict { passed, failed, late, invalid };

  Verdict run_tests(const Site& site, const std::vector<std::string>& tests, bool checked, int worker, double seconds) {
    const fs::path base = options_.work / fmt::format("worker-{}", worker);
    std::ofstream(base.string() + ".mutant", std::ios::binary)
        << site.file << '\n'
        << site.mutation.applied_to(contents(kFolder / site.file));
    std::ofstream flags(base.string() + ".flags");
    flags << "--gtest_filter=";
    for (const std::string& test : tests) flags << test << ':';
    flags << '\n';
    flags.close();
    auto environment = environment_;
    environment["TEMPER_MUTANT"] = base.string() + ".mutant";
    if (checked) environment["METALHOST_CHECK_KERNELS"] = "1";
    const fs::path log = base.string() + ".log";
    const int status = run({options_.tests.string(), "--gtest_flagfile=" + base.string() + ".flags",
                            "--gtest_fail_fast", "--gtest_brief=1"},
                           environment, log, seconds);
    if (status == 0) return Verdict::passed;
    if (status == 124) return Verdict::late;
    if (status == 127 || status == 128 + SIGKILL) {
      fmt::print(stderr, "\nmutate: the tests couldn't run (status {}): out of memory? See {}\n", status, log.string());
      std::_Exit(1);  // not a verdict on the mutant
    }
    return contents(log).find("doesn't compile") != std::string::npos ? Verdict::invalid : Verdict::failed;
  }

  void meet(const Site& site, int worker, size_t total) {
    struct Stage {
      const char* name;
      std::vector<std::string> tests;
      bool checked;
      double seconds;
    };
    std::vector<Stage> stages = {{"quick tests", quick_tests(site, 4, 3), false, 60},
                                 {"kernel checks", quick_tests(site, 2, 1), true, 120},
                                 {"all tests", every_test(site, 40), false, 300}};
    if (site.mutation.op == Operator::drop_barrier) std::swap(stages[0], stages[1]);
    std::string caught_by;
    bool invalid = false;
    for (const Stage& stage : stages) {
      if (stage.tests.empty()) continue;
      const Verdict verdict = run_tests(site, stage.tests, stage.checked, worker, stage.seconds);
      if (verdict == Verdict::passed) continue;
      invalid = verdict == Verdict::invalid;
      caught_by = verdict == Verdict::late ? "time limit" : stage.name;
      break;
    }
    const std::lock_guard lock(mutex_);
    ++done_;
    auto& row = by_operator_[site.mutation.op];
    if (invalid) {
      ++invalid_;
    } else if (!caught_by.empty()) {
      ++caught_[caught_by];
      ++row.caught;
    } else if (equivalent_.contains(site.key())) {
      ++equivalents_;
    } else {
      ++row.survived;
      survivors_.push_back(site);
      fmt::print("\r{}:{}: survived: {}\n    {}\n    {}\n", site.file, site.mutation.line, name_of(site.mutation.op),
                 site.before, site.after.empty() ? "(nothing)" : site.after);
    }
    if (isatty(1) || done_ % 20 == 0)
      fmt::print("\r{} of {}, {} survived{}", done_, total, survivors_.size(), isatty(1) ? "" : "\n");
    std::cout.flush();
    std::fflush(stdout);
  }

  int report(double seconds) {
    size_t caught = 0;
    for (const auto& [stage, count] : caught_) caught += count;
    const size_t counted = caught + survivors_.size();
    fmt::print("\n\n{:<20} {:>7} {:>9}\n", "operator", "caught", "survived");
    for (const auto& [op, row] : by_operator_)
      fmt::print("{:<20} {:>7} {:>9}\n", name_of(op), row.caught, row.survived);
    fmt::print("\n");
    for (const auto& [stage, count] : caught_) fmt::print("caught by {:<14} {:>5}\n", stage, count);
    fmt::print("not compilable {:>15}\nproven equivalent {:>12}\n", invalid_, equivalents_);
    std::ofstream out(options_.work / "survivors.txt");
    for (const Site& site : survivors_) out << site.file << ':' << site.mutation.line << '\n' << site.key() << '\n';
    const double part = counted == 0 ? 0 : 100.0 * static_cast<double>(caught) / static_cast<double>(counted);
    fmt::print("{} of {} caught: {:.1f} % in {:.0f} s; survivors in {}\n", caught, counted, part, seconds,
               (options_.work / "survivors.txt").string());
    return part >= 95 ? 0 : 1;
  }

  struct Row {
    size_t caught = 0, survived = 0;
  };

  Options options_;
  std::map<std::string, std::string> environment_;
  std::vector<Covering> coverage_;                          // the quickest first
  std::map<std::string, std::set<std::string>> includers_;  // file -> kernels that include it
  std::set<std::string> equivalent_;
  std::mutex mutex_;
  std::atomic<size_t> next_ = 0;
  size_t done_ = 0, invalid_ = 0, equivalents_ = 0;
  std::map<std::string, size_t> caught_;
  std::map<Operator, Row> by_operator_;
  std::vector<Site> survivors_;
};

Options options_of(int argc, char** argv) {
  Options options;
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto usage = [] {
    fmt::print(stderr,
               "usage: mutate TESTS WORK_FOLDER [--seed N] [--sample N | --all] [--file NAME] [--jobs N] [--list] "
               "[--again]\n");
    std::exit(2);
  };
  if (words.size() < 2) usage();
  options.tests = fs::absolute(words[0]);
  options.work = fs::absolute(words[1]);
  for (size_t i = 2; i < words.size(); ++i) {
    const auto value = [&] {
      if (i + 1 == words.size()) usage();
      return words[++i];
    };
    const auto number = [&] {
      const std::string text = value();
      if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) usage();
      return std::stoul(text);
    };
    if (words[i] == "--seed")
      options.seed = static_cast<unsigned>(number());
    else if (words[i] == "--sample")
      options.sample = number();
    else if (words[i] == "--all")
      options.sample = SIZE_MAX;
    else if (words[i] == "--file")
      options.file = value();
    else if (words[i] == "--jobs")
      options.jobs = static_cast<int>(number());
    else if (words[i] == "--list")
      options.list = true;
    else if (words[i] == "--again")
      options.again = true;
    else
      usage();
  }
  return options;
}

}  // namespace
}  // namespace temper::mutation

int main(int argc, char** argv) {
  return temper::mutation::Session(temper::mutation::options_of(argc, argv)).main();
}
