// What only the emulated device can tell: the order of calls, broken contracts, leaks, the process's memory.
#ifndef __APPLE__
#include <metalhost/event_log.h>
#include <metalhost/report.h>
#include <metalhost/runtime.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "conformance/stored_weight.h"
#include "device/metal/gpu.h"
#include "metal_fixture.h"
#include "ops/lora_linear.h"
#include "ops/matmul.h"
#include "support/test_folder.h"

namespace temper {
namespace {

using metalhost::Event;
using metalhost::EventKind;
using testing::metal_backend;
using testing::numbers;
using testing::TestFolder;

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

TEST(MetalOnMetalhost, AThousandStepsLeakNothingAndBreakNoContract) {
  const auto choice = metalhost::on_report();
  metalhost::set_on_report(metalhost::OnReport::collect);
  metalhost::take_reports();
  const size_t before = metalhost::find_leaks().size();
  lora_steps(open_backend({DeviceType::metal, 0}, {.threads = 1}), 1000);
  const auto after = metalhost::find_leaks();
  EXPECT_EQ(after.size(), before) << (after.empty() ? "" : after.back().object + " made at " + after.back().site);
  for (const metalhost::Report& report : metalhost::take_reports()) ADD_FAILURE() << report.text();
  metalhost::set_on_report(choice);
}

TEST(MetalOnMetalhost, ALivingBackendKeepsNothingOfWhatIsGone) {
  const auto backend = open_backend({DeviceType::metal, 0}, {.threads = 1});
  const TestFolder folder;
  testing::write_text(folder / "zeros", std::string(1 << 16, '\0'));
  const auto work = [&] {
    lora_steps(backend, 2);  // a stream with its arena, and a weight
    const auto file = std::make_shared<MappedFile>(folder / "zeros");
    const auto imported = backend->import_memory(file->bytes(), file);
  };
  work();
  const auto before = metalhost::find_leaks();
  for (int i = 0; i < 20; ++i) work();
  const auto after = metalhost::find_leaks();
  EXPECT_EQ(after.size(), before.size()) << after.back().object << " made at " << after.back().site;
}

/// One reference too many.
MTL::Buffer* leak_a_buffer() {
  auto buffer = metal::Gpu::open(0)->new_buffer(64, "planted");
  buffer->retain();
  return buffer.get();
}

TEST(MetalOnMetalhost, APlantedLeakIsFound) {
  const size_t before = metalhost::find_leaks().size();
  MTL::Buffer* leaked = leak_a_buffer();
  const auto leaks = metalhost::find_leaks();
  EXPECT_GT(leaks.size(), before);
  EXPECT_TRUE(std::ranges::any_of(leaks, [](const auto& leak) { return leak.object.starts_with("MTLBuffer"); }));
  leaked->release();
  EXPECT_EQ(metalhost::find_leaks().size(), before);
}

TEST(MetalOnMetalhostDeathTest, APlantedLeakIsReportedAtExit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        leak_a_buffer();
        std::exit(0);
      },
      ::testing::ExitedWithCode(1), "leak. MTLBuffer #[0-9]+ 'planted'");
}

/// Events of this kind whose detail begins so.
std::vector<Event> all(const std::vector<Event>& log, EventKind kind, std::string_view detail) {
  std::vector<Event> found;
  std::ranges::copy_if(log, std::back_inserter(found),
                       [&](const Event& event) { return event.kind == kind && event.detail.starts_with(detail); });
  return found;
}

TEST(MetalOnMetalhost, AnotherStreamsWorkIsWaitedForByItsEvent) {
  Context first(metal_backend()), second(metal_backend());
  const Tensor x = upload(first, std::vector<float>{1, 2, 3, 4}, {2, 2});
  metalhost::start_event_log();
  const Tensor y = matmul(first, x, x);
  const Tensor z = matmul(second, y, y);
  const Tensor again = matmul(second, y, y);  // which needs no second wait
  second.stream().commit();
  const std::vector<Event> log = metalhost::stop_event_log();
  const auto products = all(log, EventKind::external, "MPSMatrixMultiplication");
  const auto signals = all(log, EventKind::barrier, "signal "), waits = all(log, EventKind::barrier, "wait for ");
  ASSERT_EQ(products.size(), 3u);
  ASSERT_EQ(signals.size(), 2u);
  ASSERT_EQ(waits.size(), 1u);
  // The event and its value are those that the first stream's command buffer signals at its end.
  EXPECT_EQ(waits[0].detail.substr(std::string("wait for").size()),
            signals[0].detail.substr(std::string("signal").size()));
  EXPECT_EQ(signals[0].serial, products[0].serial);
  EXPECT_EQ(waits[0].serial, products[1].serial);
  EXPECT_LT(signals[0].order, waits[0].order);
  EXPECT_LT(waits[0].order, products[1].order) << "the product must come behind the wait";
  EXPECT_EQ(read<float>(second, z), (std::vector<float>{199, 290, 435, 634}));
}

TEST(MetalOnMetalhost, OneStreamWaitsForNoEvent) {
  Context ctx(metal_backend());
  const Tensor x = upload(ctx, std::vector<float>{1, 2, 3, 4}, {2, 2});
  metalhost::start_event_log();
  const Tensor y = matmul(ctx, x, x);
  ctx.stream().commit();
  const Tensor z = matmul(ctx, y, y);
  ctx.stream().commit();
  EXPECT_TRUE(all(metalhost::stop_event_log(), EventKind::barrier, "wait for ").empty());
  read<float>(ctx, z);
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
