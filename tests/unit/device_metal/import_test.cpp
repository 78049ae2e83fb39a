// Memory of mapped files, used where it lies.
#include <fstream>

#include "base/file.h"
#include "device/metal/memory.h"
#include "device/metal/weight.h"
#include "metal_fixture.h"
#include "ops/linear.h"
#include "support/test_folder.h"

namespace temper {
namespace {

using testing::metal_backend;
using testing::numbers;
using testing::TestFolder;

std::shared_ptr<MappedFile> mapped_numbers(const TestFolder& folder, size_t count) {
  const auto values = numbers(count, 11);
  const auto bytes = std::as_bytes(std::span(values));
  testing::write_text(folder / "numbers", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return std::make_shared<MappedFile>(folder / "numbers");
}

TEST(MetalImport, AMappedFileIsTheBuffer) {
  const TestFolder folder;
  const auto file = mapped_numbers(folder, 5000);
  const auto bytes = file->bytes().subspan(64, 4000);  // neither begins nor ends with a page
  const auto buffer = metal_backend()->import_memory(bytes, file);
  EXPECT_EQ(metal::memory_of(*buffer).address(), reinterpret_cast<uintptr_t>(bytes.data()));
  Context ctx(metal_backend());
  const Tensor x(buffer, spec(DType::f32, {1000}));
  const auto all = numbers(5000, 11);
  EXPECT_EQ(read<float>(ctx, x), (std::vector<float>(all.begin() + 16, all.begin() + 1016)));
  EXPECT_EQ(ctx.counters().bytes_created, 0);
}

TEST(MetalImport, KeepsTheOwner) {
  const TestFolder folder;
  auto file = mapped_numbers(folder, 1000);
  const std::weak_ptr<MappedFile> watch = file;
  auto buffer = metal_backend()->import_memory(file->bytes(), file);
  file.reset();
  EXPECT_FALSE(watch.expired());
  buffer.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(MetalImport, AWeightOfAMappedFileTakesNoMemory) {
  const TestFolder folder;
  const auto file = mapped_numbers(folder, 1 << 16);
  const auto prepare = [&](bool mapped) {
    return metal_backend()->prepare_weight({.name = "w",
                                            .type = QuantType::f32,
                                            .rows = 256,
                                            .columns = 256,
                                            .bytes = file->bytes(),
                                            .owner = file,
                                            .mapped = mapped},
                                           std::nullopt);
  };
  const WeightHandle in_place = prepare(true), copied = prepare(false);
  const auto address = [](const WeightHandle& w) {
    return metal::memory_of(*metal::weight_operand(w).buffer).address();
  };
  EXPECT_EQ(address(in_place), reinterpret_cast<uintptr_t>(file->bytes().data()));
  EXPECT_NE(address(copied), reinterpret_cast<uintptr_t>(file->bytes().data()));
  Context ctx(metal_backend());
  const Tensor x = upload(ctx, numbers(512, 12), {2, 256});
  EXPECT_EQ(read<float>(ctx, linear(ctx, x, in_place)), read<float>(ctx, linear(ctx, x, copied)));
}

}  // namespace
}  // namespace temper
