// What only the emulated device can tell: the order of calls, broken contracts, leaks, the process's memory.
#ifndef __APPLE__
#include <metalhost/event_log.h>
#include <metalhost/report.h>
#include <metalhost/runtime.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "metal_fixture.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "support/stored_weight.h"

namespace temper {
namespace {

using metalhost::Event;
using metalhost::EventKind;
using testing::metal_backend;
using testing::numbers;

int64_t resident_bytes() {
  int64_t whole = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> whole >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Sanitizers keep freed memory for a while, so that the process grows without a leak.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kFreedMemoryStays = true;
#else
constexpr bool kFreedMemoryStays = false;
#endif

/// Position of the first event of this kind in the log; its size when there is none.
size_t first(const std::vector<Event>& log, EventKind kind) {
  const auto found = std::find_if(log.begin(), log.end(), [&](const Event& event) { return event.kind == kind; });
  return static_cast<size_t>(found - log.begin());
}

void lora_steps(const std::shared_ptr<Backend>& backend, int count) {
  Context ctx(backend);
  const auto values = numbers(64 * 64, 1);
  const WeightHandle weight = stored_weight(ctx, 64, 64, {values.begin(), values.end()}, QuantType::f32);
  const Tensor a = upload(ctx, numbers(8 * 64, 2), {8, 64}), b = upload(ctx, numbers(64 * 8, 3), {64, 8});
  for (int i = 0; i < count; ++i) {
    const Tensor x = upload(ctx, numbers(16 * 64, 4), {16, 64});
    read<float>(ctx, lora_linear(ctx, x, a, b, weight, 1.0f));
  }
}

TEST(MetalOnMetalhost, AnOutputIsAllocatedThenEncodedThenRead) {
  // The inputs come from another stream, so that this one's pool takes its first memory for the output.
  Context source(metal_backend()), ctx(metal_backend());
  const Tensor a = upload(source, numbers(6, 1), {2, 3}), b = upload(source, numbers(6, 2), {3, 2});
  metalhost::start_event_log();
  const Tensor y = matmul(ctx, a, b);
  const std::vector<Event> encoded = metalhost::event_log();
  EXPECT_LT(first(encoded, EventKind::allocate), first(encoded, EventKind::external));
  EXPECT_LT(first(encoded, EventKind::external), encoded.size());
  EXPECT_EQ(first(encoded, EventKind::commit), encoded.size()) << "nothing runs before somebody asks";
  read<float>(ctx, y);
  const std::vector<Event> log = metalhost::stop_event_log();
  EXPECT_LT(first(log, EventKind::external), first(log, EventKind::commit));
  EXPECT_LT(first(log, EventKind::commit), first(log, EventKind::run));
  EXPECT_LT(first(log, EventKind::run), first(log, EventKind::complete));
  EXPECT_LT(first(log, EventKind::complete), log.size());
  EXPECT_GE(log[first(log, EventKind::allocate)].bytes, y.spec().bytes());
}

TEST(MetalOnMetalhost, AThousandStepsStayInTheSameMemory) {
  const auto backend = open_backend({DeviceType::metal, 0}, {.threads = 1});
  metalhost::set_zombie_quarantine(100);  // dead objects would count as growth
  lora_steps(backend, 300);
  const int64_t before = resident_bytes();
  lora_steps(backend, 1000);
  metalhost::set_zombie_quarantine(65536);
  if (!kFreedMemoryStays) EXPECT_LT(resident_bytes() - before, 4 << 20);
}

TEST(MetalOnMetalhost, NothingLeaksAndNoContractBreaks) {
  const auto choice = metalhost::on_report();
  metalhost::set_on_report(metalhost::OnReport::collect);
  metalhost::take_reports();
  const size_t before = metalhost::find_leaks().size();
  lora_steps(open_backend({DeviceType::metal, 0}, {.threads = 1}), 50);
  const auto after = metalhost::find_leaks();
  EXPECT_EQ(after.size(), before) << (after.empty() ? "" : after.back().object + " made at " + after.back().site);
  for (const metalhost::Report& report : metalhost::take_reports()) ADD_FAILURE() << report.text();
  metalhost::set_on_report(choice);
}

TEST(MetalOnMetalhost, AFailureOfTheGpuSurfacesAtTheRead) {
  Context ctx(open_backend({DeviceType::metal, 0}, {.threads = 1}));
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  metalhost::inject_gpu_error("planted");
  const Tensor y = matmul(ctx, x, x);
  const std::string text = testing::error_of(ErrorCode::internal, [&] { read<float>(ctx, y); });
  EXPECT_NE(text.find("planted"), std::string::npos) << text;
  EXPECT_NE(text.find("matmul"), std::string::npos) << text;
  EXPECT_EQ(read<float>(ctx, matmul(ctx, x, x)), (std::vector<float>{7, 10, 15, 22}));
}

TEST(MetalOnMetalhost, AFailureOfTheGpuSurfacesOnAnotherStream) {
  Context first(metal_backend()), second(metal_backend());
  const Tensor x = upload(first, std::vector<float>{1, 2, 3, 4}, {2, 2});
  metalhost::inject_gpu_error("planted");
  const Tensor y = matmul(first, x, x);
  const std::string text = testing::error_of(ErrorCode::internal, [&] { read<float>(second, y); });
  EXPECT_NE(text.find("planted"), std::string::npos) << text;
}

}  // namespace
}  // namespace temper
#endif
