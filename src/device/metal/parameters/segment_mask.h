// What segment_mask.cpp passes to segment_mask.metal.
#ifndef TEMPER_PARAMETERS_SEGMENT_MASK
#define TEMPER_PARAMETERS_SEGMENT_MASK
struct SegmentMaskParameters {
  uint32_t segments;
  uint32_t queries;
  uint32_t keys;
  uint32_t causal;
  uint32_t window;  // 0: unlimited
};
#endif
