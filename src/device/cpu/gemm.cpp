// The one file that knows the GEMM library: oneDNN (2.x and 3.x), Accelerate on macOS.
#include "device/cpu/gemm.h"

#include <algorithm>

#include "base/fail.h"
#include "device/cpu/signals_held_back.h"

#if defined(__APPLE__)
#include <Accelerate/Accelerate.h>
#else
#include <dnnl.h>
// From the OpenMP runtime that oneDNN is built with: declared here so that no OpenMP compiler flag is needed.
extern "C" void omp_set_num_threads(int threads);
#endif

namespace temper::cpu {
namespace {

// Below this many multiply-adds a slice costs more to hand over than it saves.
constexpr int64_t kMinSliceWork = 1 << 18;
constexpr int64_t kMaxSlices = 16;

int64_t slice_length(int64_t length, int64_t work) {
  const int64_t slices = std::clamp<int64_t>(std::min(work / kMinSliceWork, length / 64), 1, kMaxSlices);
  const int64_t step = (length + slices - 1) / slices;
  return (step + 15) / 16 * 16;  // whole register tiles
}

}  // namespace

void gemm_serial(const Gemm& g, const float* a, const float* b, float* c) {
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) {
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t j = 0; j < g.n; ++j) c[i * g.ldc + j] = g.beta == 0.0f ? 0.0f : g.beta * c[i * g.ldc + j];
    return;
  }
#if defined(__APPLE__)
  cblas_sgemm(CblasRowMajor, g.trans_a ? CblasTrans : CblasNoTrans, g.trans_b ? CblasTrans : CblasNoTrans,
              static_cast<int>(g.m), static_cast<int>(g.n), static_cast<int>(g.k), g.alpha, a, static_cast<int>(g.lda),
              b, static_cast<int>(g.ldb), g.beta, c, static_cast<int>(g.ldc));
#else
  // Our pool's threads each call the library; its own workers would only fight them.
  thread_local const bool one_thread = (omp_set_num_threads(1), true);
  (void)one_thread;
  const SignalsHeldBack held_back;
  const dnnl_status_t status = dnnl_sgemm(g.trans_a ? 'T' : 'N', g.trans_b ? 'T' : 'N', g.m, g.n, g.k, g.alpha, a,
                                          g.lda, b, g.ldb, g.beta, c, g.ldc);
  if (status != dnnl_success)
    fail(ErrorCode::internal, "gemm: oneDNN refused [{},{}] x [{},{}] with status {}", g.m, g.k, g.k, g.n,
         static_cast<int>(status));
#endif
}

void gemm(ThreadPool& pool, const Gemm& g, const float* a, const float* b, float* c) {
  if (g.m == 0 || g.n == 0) return;
  const int64_t work = g.m * g.n * g.k;
  const bool along_m = g.m >= g.n;
  const int64_t length = along_m ? g.m : g.n;
  const int64_t step = slice_length(length, work);
  pool.run((length + step - 1) / step, [&](int64_t i) {
    const int64_t begin = i * step, end = std::min(length, begin + step);
    Gemm part = g;
    const float *pa = a, *pb = b;
    float* pc = c;
    if (along_m) {
      part.m = end - begin;
      pa += begin * (g.trans_a ? 1 : g.lda);
      pc += begin * g.ldc;
    } else {
      part.n = end - begin;
      pb += begin * (g.trans_b ? g.ldb : 1);
      pc += begin;
    }
    gemm_serial(part, pa, pb, pc);
  });
}

}  // namespace temper::cpu
