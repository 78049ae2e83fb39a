// The host in the way of the GPU: accesses to imported memory, whose pages can't be closed, and to ranges of the arena.
#ifndef __APPLE__
#include <metalhost/report.h>
#include <metalhost/runtime.h>
#include <sys/mman.h>

#include "device/metal/memory.h"
#include "metal_fixture.h"
#include "ops/matmul.h"
#include "placed_op.h"

namespace temper {
namespace {

using metal::HostAccess;
using metal::memory_of;
using testing::metal_backend;
using testing::numbers;

class MetalHostAccess : public ::testing::Test {
 protected:
  MetalHostAccess() {
    metalhost::set_on_report(metalhost::OnReport::collect);
    metalhost::take_reports();
  }
  ~MetalHostAccess() override {
    metalhost::resume_gpu();
    for (const metalhost::Report& report : metalhost::take_reports()) ADD_FAILURE() << report.text();
    metalhost::set_on_report(choice_);
  }

  /// Whole pages of f32 numbers as device memory.
  std::shared_ptr<void> map_pages() const {
    void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const auto values = numbers(kBytes / sizeof(float), 1);
    std::copy(values.begin(), values.end(), static_cast<float*>(memory));
    return {memory, [](void* pages) { munmap(pages, kBytes); }};
  }
  static std::shared_ptr<Buffer> import_pages(const std::shared_ptr<void>& pages) {
    return metal_backend()->import_memory({static_cast<const std::byte*>(pages.get()), kBytes}, pages);
  }
  /// The reports so far are one of a race of host and GPU.
  static void expect_race() {
    const auto reports = metalhost::take_reports();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].rule, "cpu-gpu-race") << reports[0].text();
  }

  static constexpr size_t kBytes = 16384;
  metalhost::OnReport choice_ = metalhost::on_report();
};

TEST_F(MetalHostAccess, ImportedMemoryMayBeReadButNotWrittenWhileTheGpuReadsIt) {
  Context ctx(metal_backend());
  const auto buffer = import_pages(map_pages());
  metalhost::pause_gpu();
  const Tensor y = matmul(ctx, Tensor(buffer, spec(DType::f32, {16, 16})), upload(ctx, numbers(256, 2), {16, 16}));
  ctx.stream().commit();
  memory_of(*buffer).on_host(0, 1024, HostAccess::read);
  memory_of(*buffer).on_host(1024, kBytes - 1024, HostAccess::write);  // bytes behind the operand
  EXPECT_TRUE(metalhost::take_reports().empty());
  memory_of(*buffer).on_host(1020, 4, HostAccess::write);
  expect_race();
  metalhost::resume_gpu();
  read<float>(ctx, y);
  memory_of(*buffer).on_host(0, kBytes, HostAccess::write);
}

TEST_F(MetalHostAccess, ARangeOfTheArenaMayNotBeReadWhileTheGpuWritesIt) {
  Context ctx(metal_backend());
  const Tensor x = upload(ctx, numbers(256, 1), {16, 16});
  metalhost::pause_gpu();
  const Tensor y = matmul(ctx, x, x);
  ctx.stream().commit();
  memory_of(*x.buffer()).on_host(0, 1024, HostAccess::read);
  EXPECT_TRUE(metalhost::take_reports().empty());
  memory_of(*y.buffer()).on_host(0, 4, HostAccess::read);
  expect_race();
  metalhost::resume_gpu();
  read<float>(ctx, y);
}

TEST_F(MetalHostAccess, AnOpOfTheCpuThatWritesThroughASecondImportIsReported) {
  Context ctx(metal_backend()), other(metal_backend());
  const auto pages = map_pages();
  const auto first = import_pages(pages), second = import_pages(pages);  // neither knows of the other's uses
  const Operand to{second, spec(DType::f32, {16, 16})}, x{import_pages(map_pages()), to.spec};
  metalhost::pause_gpu();
  const Tensor y = matmul(ctx, Tensor(first, to.spec), upload(ctx, numbers(256, 2), {16, 16}));
  ctx.stream().commit();
  testing::encode_placed(other, x, to);
  expect_race();
  metalhost::resume_gpu();
  read<float>(ctx, y);
}

}  // namespace
}  // namespace temper
#endif
