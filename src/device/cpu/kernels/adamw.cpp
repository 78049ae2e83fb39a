// One AdamW step in place, element by element in f32. Source: Loshchilov and Hutter 2019, alg. 2, with the bias
// corrections applied as torch.optim.AdamW does: step lr / correction1, denominator sqrt(v) / sqrt(correction2) + eps.
#include "device/op_specs/adamw.h"

#include <cmath>

#include "device/cpu/elements.h"
#include "device/cpu/row_math.h"

namespace temper::cpu {
namespace {

void encode_adamw(Encoder& encoder, Operands in, Operands out, const specs::AdamW::Attrs&) {
  const int64_t n = in[0].elements();
  float *p = data_of<float>(out[0]), *m = data_of<float>(out[1]), *v = data_of<float>(out[2]);
  const float *grad = data_of<const float>(in[3]), *hyper = data_of<const float>(in[4]);
  const float* extra_scale = in.size() > 5 ? data_of<const float>(in[5]) : nullptr;
  cpu_encoder(encoder).launch("adamw_", in, out, [=](ThreadPool& pool) {
    const float lr = hyper[0], beta1 = hyper[1], beta2 = hyper[2], eps = hyper[3], weight_decay = hyper[4];
    const float step = lr / hyper[5], root_correction2 = std::sqrt(hyper[6]);
    const float scale = extra_scale ? hyper[7] * *extra_scale : hyper[7];
    const float keep = 1.0f - lr * weight_decay;
    const AdamWStep values{scale, beta1, beta2, keep, step, root_correction2, eps};
    parallel_for(pool, n, 16384, [&](int64_t begin, int64_t end) {
      adamw_values(values, grad + begin, m + begin, v + begin, p + begin, end - begin);
    });
  });
}

}  // namespace

void register_adamw(KernelTable& table) {
  table.add<specs::AdamW>({.encode = encode_adamw});
}

}  // namespace temper::cpu
