// What gather_rows.cpp passes to gather_rows.metal.
#ifndef TEMPER_PARAMETERS_GATHER_ROWS
#define TEMPER_PARAMETERS_GATHER_ROWS
struct GatherParameters {
  uint32_t ids;
  uint32_t rows;     // of the table
  uint32_t columns;  // elements of a row
};
#endif
