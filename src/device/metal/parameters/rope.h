// What rope.cpp passes to rope.metal.
#ifndef TEMPER_PARAMETERS_ROPE
#define TEMPER_PARAMETERS_ROPE
struct RopeParameters {
  uint32_t heads;
  uint32_t pairs;   // half of the head's width
  float scale;      // of cosine and sine
  float direction;  // -1 turns back
};
#endif
