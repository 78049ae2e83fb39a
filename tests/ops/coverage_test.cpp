// That nothing is left out: every op spec runs in some record, and on a backend that is declared complete every op has
// a kernel or a composite.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "conformance/run.h"

namespace temper::conformance {
namespace {

/// Names of all ops, read from device/op_specs.
std::set<std::string> op_names() {
  std::set<std::string> names;
  const std::filesystem::path folder = std::filesystem::path(TEMPER_SOURCE_DIR) / "src/device/op_specs";
  const std::string_view marker = "std::string_view name = \"";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string text = read_file(entry.path());
    for (size_t at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1)) {
      const size_t begin = at + marker.size();
      names.insert(text.substr(begin, text.find('"', begin) - begin));
    }
  }
  return names;
}

struct Ran {
  std::set<std::string> kernels, composites;
};

/// What the records run on the CPU, forward and backward, by kernel and by composite where there is one.
const Ran& run_all_records() {
  static const Ran all = [] {
    Ran ran;
    for (const bool prefer_composites : {false, true})
      for (const OpRecord& record : all_records()) {
        Context ctx(backend(DeviceType::cpu));
        ctx.set_prefer_composites(prefer_composites);
        run_once(ctx, record, record.samples.at(0), {.dtype = record.dtypes.at(0), .gradients = true});
        for (const auto& [op, count] : ctx.counters().launches) ran.kernels.insert(op);
        for (const auto& [op, count] : ctx.counters().composites) ran.composites.insert(op);
      }
    return ran;
  }();
  return all;
}

TEST(Coverage, EveryOpHasARecord) {
  const Ran& ran = run_all_records();
  for (const std::string& op : op_names())
    EXPECT_TRUE(ran.kernels.contains(op) || ran.composites.contains(op)) << "no record runs " << op;
}

TEST(Coverage, EveryKernelOfTheCpuRunsInARecord) {
  const Ran& ran = run_all_records();
  for (const std::string& op : op_names())
    EXPECT_TRUE(!backend(DeviceType::cpu)->kernels().contains(op) || ran.kernels.contains(op)) << op;
}

TEST(Coverage, TheCpuIsCompleteEveryOpHasAKernelOrAComposite) {
  const Ran& ran = run_all_records();
  for (const std::string& op : op_names())
    EXPECT_TRUE(backend(DeviceType::cpu)->kernels().contains(op) || ran.composites.contains(op)) << op;
}

}  // namespace
}  // namespace temper::conformance
