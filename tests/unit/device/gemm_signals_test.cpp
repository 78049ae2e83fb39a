#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <chrono>
#include <cmath>
#include <vector>

#include "device/cpu/gemm.h"

namespace temper::cpu {
namespace {

/// Timer signals with a handler that does nothing, as a profiler's or Ctrl-C's would.
class TimerSignals {
 public:
  TimerSignals() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, &before_);
    set(300);
  }
  ~TimerSignals() {
    set(0);
    sigaction(SIGALRM, &before_, nullptr);
  }
  TimerSignals(const TimerSignals&) = delete;
  TimerSignals& operator=(const TimerSignals&) = delete;

 private:
  static void set(int interval_us) {
    const itimerval timer = {{0, interval_us}, {0, interval_us}};
    setitimer(ITIMER_REAL, &timer, nullptr);
  }
  struct sigaction before_ {};
};

std::vector<float> some_values(int64_t n, int64_t step) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<float>(i * step % 13 - 6));
  return values;
}

// The product alone, then many times under signals: the same bits, and a heap that survives.
TEST(Gemm, SignalsChangeNothing) {
  struct Case {
    bool trans_a, trans_b;
    int64_t m, n, k;
  };
  for (const Case& c : {Case{false, false, 64, 64, 256}, Case{false, true, 180, 64, 64}, Case{true, false, 96, 8, 180},
                        Case{false, false, 180, 64, 96}}) {
    const Gemm g{.trans_a = c.trans_a,
                 .trans_b = c.trans_b,
                 .m = c.m,
                 .n = c.n,
                 .k = c.k,
                 .lda = c.trans_a ? c.m : c.k,
                 .ldb = c.trans_b ? c.k : c.n,
                 .ldc = c.n};
    const std::vector<float> a = some_values(c.m * c.k, 7), b = some_values(c.k * c.n, 5);
    std::vector<float> expected(static_cast<size_t>(c.m * c.n)), result = expected;
    gemm_serial(g, a.data(), b.data(), expected.data());
    const TimerSignals signals;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
    while (std::chrono::steady_clock::now() < end) {
      gemm_serial(g, a.data(), b.data(), result.data());
      ASSERT_EQ(result, expected);
    }
  }
}

}  // namespace
}  // namespace temper::cpu
