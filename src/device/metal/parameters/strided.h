// What strided.metal is passed.
#ifndef TEMPER_PARAMETERS_STRIDED
#define TEMPER_PARAMETERS_STRIDED
struct StridedParameters {
  uint32_t count;
  uint32_t rank;
  uint32_t extents[8];   // innermost first
  int32_t x_strides[8];  // in elements
  int32_t y_strides[8];
};
#endif
