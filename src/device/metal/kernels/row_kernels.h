// What kernels that give each row to a threadgroup are passed.
#ifndef TEMPER_KERNELS_ROW_KERNELS
#define TEMPER_KERNELS_ROW_KERNELS
struct RowParameters {
  uint32_t columns;
  uint32_t rows;
  float eps;  // of norms
};
#endif
