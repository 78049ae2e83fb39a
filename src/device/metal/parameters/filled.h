// What filled.metal is passed.
#ifndef TEMPER_PARAMETERS_FILLED
#define TEMPER_PARAMETERS_FILLED
struct FilledParameters {
  uint32_t count;
  uint32_t rank;
  uint32_t bits_low;  // of the value
  uint32_t bits_high;
  uint32_t extents[8];  // innermost first
  int32_t strides[8];   // in elements
};
#endif
