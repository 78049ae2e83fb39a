// How a kernel reports that its data are wrong, in the record that device/faults.h describes: the first report stays.
#ifndef TEMPER_KERNELS_FAULTS
#define TEMPER_KERNELS_FAULTS
#include "kernels/shared/types.metal"

struct FaultRecord {
  atomic_uint code;
  uint position;
  int details[6];
};

inline void report_fault(device FaultRecord& record, uint code, uint position, int4 details) {
  uint expected = 0;
  while (expected == 0) {  // a weak exchange may fail without a reason
    if (!atomic_compare_exchange_weak_explicit(&record.code, &expected, code, memory_order_relaxed,
                                               memory_order_relaxed))
      continue;
    record.position = position;
    for (int i = 0; i < 4; ++i) record.details[i] = details[i];
    return;
  }
}
#endif
