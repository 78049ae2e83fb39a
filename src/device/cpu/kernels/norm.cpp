// Sum of squares in f64 over fixed blocks, then over the blocks in order: independent of the threads, and exact far
// beyond f32 for the millions of elements of a gradient.
#include "device/op_specs/norm.h"

#include <vector>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

using specs::SumOfSquares;

constexpr int64_t kSumBlock = 16384;

void encode_sum_of_squares(Encoder& encoder, Operands in, Operands out, const SumOfSquares::Attrs&) {
  const int64_t n = in[0].elements();
  auto* total = data_of<float>(out[0]);
  for_compute_type(in[0].dtype(), [&]<class T> {
    const T* x = data_of<const T>(in[0]);
    cpu_encoder(encoder).launch("sum_of_squares", in, out, [=](ThreadPool& pool) {
      const int64_t blocks = (n + kSumBlock - 1) / kSumBlock;
      std::vector<double> sums(static_cast<size_t>(blocks));
      pool.run(blocks, [&](int64_t block) {
        double parts[8] = {};
        const int64_t begin = block * kSumBlock, end = std::min(n, begin + kSumBlock);
        for (int64_t i = begin; i < end; ++i) parts[i % 8] += double{to_f32(x[i])} * double{to_f32(x[i])};
        for (const double part : parts) sums[static_cast<size_t>(block)] += part;
      });
      double sum = 0.0;
      for (const double part : sums) sum += part;
      *total = static_cast<float>(sum);
    });
  });
}

bool supports_sum_of_squares(std::span<const TensorSpec> in, const SumOfSquares::Attrs&) {
  return is_compute_type(in[0].dtype);
}

}  // namespace

void register_norm(KernelTable& table) {
  table.add<SumOfSquares>({.supports = supports_sum_of_squares, .encode = encode_sum_of_squares});
}

}  // namespace temper::cpu
