// Batched matrix product. f32 through the GEMM library; f16 and bf16 are widened to f32 panels first (exact products,
// f32 accumulation, one rounding at the end); f64 by plain loops, for references only.
#include "device/op_specs/matmul.h"

#include "device/cpu/elements.h"
#include "device/cpu/gemm.h"

namespace temper::cpu {
namespace {

using specs::Matmul;

/// A stack of matrices: where matrix i begins, and how its rows and columns lie.
struct Stack {
  Layout batch;  // the leading dimensions, broadcast to the output's
  int64_t rows, columns, row_stride, column_stride;

  int64_t offset(int64_t i) const {
    int64_t at = 0;
    for (int d = batch.shape.rank() - 1; d >= 0; --d) {
      at += i % batch.shape[d] * batch.strides[static_cast<size_t>(d)];
      i /= batch.shape[d];
    }
    return at;
  }
};

Stack stack_of(const Operand& operand, const Shape& batch) {
  const Layout& layout = operand.spec.layout;
  const int rank = layout.shape.rank();
  const auto last = static_cast<size_t>(rank - 1);
  Layout leading = layout;
  leading.offset = 0;
  leading.shape = Shape(layout.shape.extents().first(last - 1));
  return {leading.broadcast_to(batch), layout.shape[-2], layout.shape[-1], layout.strides[last - 1],
          layout.strides[last]};
}

/// One matrix as the GEMM library wants it: f32, with one unit stride. Widened or gathered into `space` when it isn't.
struct Panel {
  const float* data;
  int64_t leading;
  bool transposed;  // stored column by column
};

/// Working memory for one product: a and b as panels, y in f32.
struct Spaces {
  float *a, *b, *y;
};

/// Whether panel() gives the matrix as it lies.
template <class T>
bool is_panel(const Stack& s) {
  return std::is_same_v<T, float> &&
         ((s.column_stride == 1 && s.row_stride >= s.columns) || (s.row_stride == 1 && s.column_stride >= s.rows));
}

template <class T>
Panel panel(const T* data, const Stack& s, float* to) {
  if constexpr (std::is_same_v<T, float>) {
    if (s.column_stride == 1 && s.row_stride >= s.columns) return {data, s.row_stride, false};
    if (s.row_stride == 1 && s.column_stride >= s.rows) return {data, s.column_stride, true};
  }
  for (int64_t r = 0; r < s.rows; ++r)
    for (int64_t c = 0; c < s.columns; ++c)
      to[r * s.columns + c] = to_f32(data[r * s.row_stride + c * s.column_stride]);
  return {to, s.columns, false};
}

template <class T>
void multiply(ThreadPool& pool, const Stack& sa, const T* a, const Stack& sb, const T* b, const T* c, T* y, int64_t m,
              int64_t n, int64_t k, const Matmul::Attrs& attrs, const Spaces& spaces) {
  const Panel pa = panel(a, sa, spaces.a), pb = panel(b, sb, spaces.b);
  Gemm g{.trans_a = attrs.trans_a != pa.transposed,
         .trans_b = attrs.trans_b != pb.transposed,
         .m = m,
         .n = n,
         .k = k,
         .alpha = attrs.alpha,
         .beta = c ? attrs.beta : 0.0f,
         .lda = pa.leading,
         .ldb = pb.leading,
         .ldc = n};
  if constexpr (std::is_same_v<T, float>) {
    if (c && c != y) std::copy_n(c, m * n, y);
    gemm(pool, g, pa.data, pb.data, y);
  } else {
    float* wide = spaces.y;
    if (c)
      for (int64_t i = 0; i < m * n; ++i) wide[i] = to_f32(c[i]);
    gemm(pool, g, pa.data, pb.data, wide);
    for (int64_t i = 0; i < m * n; ++i) y[i] = from_f32<T>(wide[i]);
  }
}

void multiply(ThreadPool&, const Stack& sa, const double* a, const Stack& sb, const double* b, const double* c,
              double* y, int64_t m, int64_t n, int64_t k, const Matmul::Attrs& attrs, const Spaces&) {
  const int64_t ai = attrs.trans_a ? sa.column_stride : sa.row_stride,
                al = attrs.trans_a ? sa.row_stride : sa.column_stride;
  const int64_t bl = attrs.trans_b ? sb.column_stride : sb.row_stride,
                bj = attrs.trans_b ? sb.row_stride : sb.column_stride;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double total = 0;
      for (int64_t l = 0; l < k; ++l) total += a[i * ai + l * al] * b[l * bl + j * bj];
      y[i * n + j] = double{attrs.alpha} * total + (c ? double{attrs.beta} * c[i * n + j] : 0.0);
    }
}

template <class T>
void launch_matmul(Encoder& encoder, Operands in, Operands out, const Matmul::Attrs& attrs) {
  const Shape& shape = out[0].shape();
  const Shape batch(shape.extents().first(static_cast<size_t>(shape.rank() - 2)));
  const Stack sa = stack_of(in[0], batch), sb = stack_of(in[1], batch);
  const int64_t m = shape[-2], n = shape[-1], k = attrs.trans_a ? sa.rows : sa.columns, count = batch.elements();
  const T *a = data_of<const T>(in[0]), *b = data_of<const T>(in[1]);
  const T* c = in.size() == 3 ? data_of<const T>(in[2]) : nullptr;
  T* y = data_of<T>(out[0]);
  cpu_encoder(encoder).launch("matmul", in, out, [=](Workspace& work) {
    // Many small products run side by side, one large one is sliced.
    const bool side_by_side = count > 1 && m * n * k < (1 << 20);
    const auto space = [&](ScratchSlot slot, bool wanted, int64_t values) -> ThreadBlocks {
      const auto floats = static_cast<size_t>(values);
      if (!wanted || std::is_same_v<T, double>) return {};
      return side_by_side ? work.scratch.take_for_threads(slot, floats)
                          : ThreadBlocks(work.scratch.take(slot, floats), 0);
    };
    const ThreadBlocks space_a = space(ScratchSlot::a, !is_panel<T>(sa), sa.rows * sa.columns),
                       space_b = space(ScratchSlot::b, !is_panel<T>(sb), sb.rows * sb.columns),
                       space_y = space(ScratchSlot::c, !std::is_same_v<T, float>, m * n);
    const auto one = [&](int64_t i, int thread) {
      multiply(work, sa, a + sa.offset(i), sb, b + sb.offset(i), c ? c + i * m * n : nullptr, y + i * m * n, m, n, k,
               attrs, {space_a[thread], space_b[thread], space_y[thread]});
    };
    if (side_by_side)
      parallel_for(work, count, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, m * n * k)),
                   [&](int64_t begin, int64_t end, int thread) {
                     for (int64_t i = begin; i < end; ++i) one(i, thread);
                   });
    else
      for (int64_t i = 0; i < count; ++i) one(i, 0);
  });
}

void encode_matmul(Encoder& encoder, Operands in, Operands out, const Matmul::Attrs& attrs) {
  // The addend is read row by row, so it must be contiguous; a and b may have any strides.
  TEMPER_ASSERT(in.size() < 3 || in[2].spec.layout.is_contiguous());
  for_floating(in[0].dtype(), [&]<class T> { launch_matmul<T>(encoder, in, out, attrs); });
}

}  // namespace

void register_matmul(KernelTable& table) {
  table.add<specs::Matmul>({.encode = encode_matmul, .takes_strided = true});
}

}  // namespace temper::cpu
