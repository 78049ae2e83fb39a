// What a checked message costs.
#include <chrono>

#include "support/metal.h"

namespace {

class Speed : public MetalTest {};

TEST_F(Speed, ATypedSendCostsLessThan100Nanoseconds) {
  auto* buffer = new_buffer(16);
  constexpr int kSends = 200'000;
  double best = 1e9;
  NS::UInteger sum = 0;
  for (int round = 0; round < 10; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kSends; ++i) sum += buffer->length();
    double ns = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / kSends;
    best = std::min(best, ns);
  }
  EXPECT_EQ(sum, NS::UInteger{64} * kSends * 10);
  std::printf("a typed send: %.1f ns\n", best);
#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_LT(best, 100);
#endif
  buffer->release();
}

}  // namespace
