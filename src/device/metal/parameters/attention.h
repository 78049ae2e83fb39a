// What attention.cpp passes to attention's kernels.
#ifndef TEMPER_PARAMETERS_ATTENTION
#define TEMPER_PARAMETERS_ATTENTION
struct AttentionParameters {
  uint32_t queries;
  uint32_t keys;
  uint32_t heads;
  uint32_t kv_heads;
  uint32_t width;  // of a head
  uint32_t segments;
  uint32_t causal;
  uint32_t window;  // 0: unlimited
  float scale;      // of the scores
  uint32_t parts;   // of the keys of each query, when decoding
};
#endif
