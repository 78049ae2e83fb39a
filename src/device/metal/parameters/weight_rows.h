// What weight_rows.cpp passes to weight_rows.metal.
#ifndef TEMPER_PARAMETERS_WEIGHT_ROWS
#define TEMPER_PARAMETERS_WEIGHT_ROWS
struct WeightRowsParameters {
  uint32_t rows;  // of the weight
  uint32_t columns;
  uint32_t stride;  // from row to row, in elements, or bytes of blocks
};
#endif
