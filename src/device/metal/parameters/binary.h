// What binary.cpp passes to binary.metal.
#ifndef TEMPER_PARAMETERS_BINARY
#define TEMPER_PARAMETERS_BINARY
struct BinaryParameters {
  uint32_t count;
  uint32_t rank;
  uint32_t extents[8];   // of the result, innermost first; dimensions in which both operands go on evenly are one
  int32_t a_strides[8];  // in elements; 0 broadcasts
  int32_t b_strides[8];
};
#endif
