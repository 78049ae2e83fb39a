// What linear_cross_entropy.cpp passes to linear_cross_entropy.metal.
#ifndef TEMPER_PARAMETERS_LINEAR_CROSS_ENTROPY
#define TEMPER_PARAMETERS_LINEAR_CROSS_ENTROPY
struct CrossEntropyParameters {
  uint32_t rows;
  uint32_t vocabulary;
  uint32_t first;    // token of the chunk
  uint32_t columns;  // tokens in the chunk
  float smoothing;
};
#endif
