// What gemm.cpp passes to gemm.metal.
#ifndef TEMPER_PARAMETERS_GEMM
#define TEMPER_PARAMETERS_GEMM
struct GemmParameters {
  uint32_t m;
  uint32_t n;
  uint32_t k;
  uint32_t k2;           // terms of the second product
  int32_t a_strides[2];  // from row to row and from term to term, in elements
  int32_t b_strides[2];  // from term to term and from column to column
  int32_t a2_strides[2];
  int32_t b2_strides[2];
  float alpha;
  float beta;
  float scale2;
  uint32_t batch_rank;
  uint32_t batch_extents[8];  // of the stack of products, innermost first
  int32_t a_batch[8];         // 0 broadcasts
  int32_t b_batch[8];
};
#endif
