// When an op may write its result into the memory of its input.
#include <gtest/gtest.h>

#include <thread>

#include "device/transfer.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace temper {
namespace {

const std::vector<float> kValues = {0, 1, 2, 3};

TEST(InPlaceReuse, TheLastHandleIsOverwritten) {
  Context ctx(open_backend({}, {.threads = 1}));
  Tensor x = upload(ctx, kValues, {4});
  const Buffer* memory = x.buffer().get();
  const Tensor y = scale(ctx, std::move(x), 2.0);
  EXPECT_EQ(y.buffer().get(), memory);
  EXPECT_EQ(read<float>(ctx, y), (std::vector<float>{0, 2, 4, 6}));
}

TEST(InPlaceReuse, AnotherHandleOrViewKeepsTheValue) {
  Context ctx(open_backend({}, {.threads = 1}));
  Tensor x = upload(ctx, kValues, {4});
  const Tensor view = x.with_layout(x.layout().sliced(0, 1, 3));
  const Tensor y = scale(ctx, std::move(x), 2.0);
  EXPECT_NE(y.buffer(), view.buffer());
  EXPECT_EQ(read<float>(ctx, view), (std::vector<float>{1, 2}));
}

TEST(InPlaceReuse, BothOperandsBeingTheSameTensorIsNoLastHandle) {
  Context ctx(open_backend({}, {.threads = 1}));
  Tensor x = upload(ctx, kValues, {4});
  const Tensor copy = x;
  EXPECT_EQ(read<float>(ctx, sub(ctx, std::move(x), copy)), (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(read<float>(ctx, copy), kValues);
}

// ThreadSanitizer reports the write when letting go on the other thread doesn't come before it.
TEST(InPlaceReuse, ReadsOnAThreadThatLetGoComeBeforeTheWrite) {
  const auto backend = open_backend({}, {.threads = 1});
  Context ctx(backend);
  for (int i = 0; i < 50; ++i) {
    Tensor x = upload(ctx, kValues, {4});
    std::vector<float> seen;
    std::thread reader([&seen, &backend, tensor = x]() mutable {
      Context own(backend);
      Tensor copy = std::move(tensor);
      seen = read<float>(own, copy);
      copy = Tensor();
    });
    while (x.buffer().use_count() != 1) std::this_thread::yield();
    const Buffer* memory = x.buffer().get();
    const Tensor y = scale(ctx, std::move(x), 2.0);
    EXPECT_EQ(y.buffer().get(), memory);
    reader.join();
    EXPECT_EQ(seen, kValues);
  }
}

}  // namespace
}  // namespace temper
