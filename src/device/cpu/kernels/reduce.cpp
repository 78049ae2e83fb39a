// Sum or maximum over any set of dimensions. Each output element gathers its inputs in index order, so the result
// depends neither on threads nor on strides. 16-bit inputs accumulate in f32.
#include "device/op_specs/reduce.h"

#include <cmath>
#include <limits>

#include "device/cpu/elements.h"

namespace temper::cpu {
namespace {

using specs::Reduce;

// Sums of this many terms are added up, so that rounding errors grow with n / 256 and not with n.
constexpr int64_t kReduceBlock = 256;

/// Splits a layout into the dimensions that stay and those that are reduced.
struct Split {
  Layout kept, reduced;
};

Split split(const Layout& layout, uint32_t mask) {
  Split result;
  std::array<int64_t, Shape::kMaxRank> kept{}, reduced{};
  size_t k = 0, r = 0;
  for (int d = 0; d < layout.shape.rank(); ++d) {
    const auto at = static_cast<size_t>(d);
    if ((mask >> d) & 1u) {
      result.reduced.strides[r] = layout.strides[at];
      reduced[r++] = layout.shape[d];
    } else {
      result.kept.strides[k] = layout.strides[at];
      kept[k++] = layout.shape[d];
    }
  }
  result.kept.shape = Shape(std::span(kept.data(), k));
  result.reduced.shape = Shape(std::span(reduced.data(), r));
  return result;
}

template <class T>
void launch_reduce(Encoder& encoder, Operands in, Operands out, const Reduce::Attrs& attrs) {
  const auto [kept, reduced] = split(in[0].spec.layout, attrs.dimensions);
  const RowIndex outer(kept), inner(reduced);
  const T* x = data_of<const T>(in[0]);
  T* y = data_of<T>(out[0]);
  const bool is_max = attrs.kind == Reduce::Kind::max;
  const int64_t count = reduced.shape.elements();
  cpu_encoder(encoder).launch("reduce", in, out, [=](ThreadPool& pool) {
    using W = Wide<T>;
    const int64_t columns = outer.columns();
    parallel_for(pool, outer.rows() * columns, row_grain(count), [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; ++o) {
        const T* base = x + outer(o / columns) + o % columns * outer.stride();
        W total = is_max ? -std::numeric_limits<W>::infinity() : W(0);
        const int64_t rows = count == 0 ? 0 : inner.rows();
        for (int64_t r = 0; r < rows; ++r) {
          const T* row = base + inner(r);
          for (int64_t first = 0; first < inner.columns(); first += kReduceBlock) {
            W part = is_max ? total : W(0);
            for (int64_t i = first; i < std::min(inner.columns(), first + kReduceBlock); ++i) {
              const W v = widen(row[i * inner.stride()]);
              part = is_max ? (v > part || std::isnan(v) ? v : part) : part + v;
            }
            total = is_max ? part : total + part;
          }
        }
        y[o] = narrow<T>(total);
      }
    });
  });
}

void encode_reduce(Encoder& encoder, Operands in, Operands out, const Reduce::Attrs& attrs) {
  for_floating(in[0].dtype(), [&]<class T> { launch_reduce<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_reduce(KernelTable& table) {
  table.add<specs::Reduce>({.encode = encode_reduce, .takes_strided = true});
}

}  // namespace temper::cpu
