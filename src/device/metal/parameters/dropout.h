// What dropout.cpp passes to dropout.metal.
#ifndef TEMPER_PARAMETERS_DROPOUT
#define TEMPER_PARAMETERS_DROPOUT
struct DropoutParameters {
  uint32_t count;
  uint32_t site;
  float p;
  float scale;  // 1 / (1 - p)
};
#endif
