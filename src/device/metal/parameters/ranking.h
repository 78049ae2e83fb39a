// What argmax.cpp, top_k.cpp and sample.cpp pass to their kernels.
#ifndef TEMPER_PARAMETERS_RANKING
#define TEMPER_PARAMETERS_RANKING
struct RankingParameters {
  uint32_t columns;
  uint32_t k;     // of top_k
  uint32_t site;  // of sample
};
struct PenaltyParameters {
  uint32_t rows;
  uint32_t columns;
  uint32_t length;  // of a row's history
  float penalty;
};
#endif
