// What unary.cpp passes to unary.metal.
#ifndef TEMPER_PARAMETERS_UNARY
#define TEMPER_PARAMETERS_UNARY
struct UnaryParameters {
  uint32_t count;
  float scale;  // of affine
  float offset;
};
#endif
