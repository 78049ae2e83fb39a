// What kernels that give each row to a threadgroup are passed.
#ifndef TEMPER_PARAMETERS_ROWS
#define TEMPER_PARAMETERS_ROWS
struct RowParameters {
  uint32_t columns;
  uint32_t rows;
  float eps;  // of norms
};
#endif
