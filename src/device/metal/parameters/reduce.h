// What reduce.cpp passes to reduce.metal.
#ifndef TEMPER_PARAMETERS_REDUCE
#define TEMPER_PARAMETERS_REDUCE
struct ReduceParameters {
  uint32_t count;  // of results
  uint32_t terms;  // of each
  uint32_t kept_rank;
  uint32_t reduced_rank;
  uint32_t kept_extents[8];  // innermost first
  int32_t kept_strides[8];   // in elements of x
  uint32_t reduced_extents[8];
  int32_t reduced_strides[8];
};
#endif
