// A .npy file: what is read is written and read again.
#include "tool/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace metalhost::tool;
  Array array;
  try {
    array = read_npy(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const NpyError&) {  // the expected answer to malformed input
    return 0;
  }
  const Array again = read_npy(write_npy(array), "again");
  if (again.type != array.type || again.shape != array.shape || again.bytes != array.bytes) __builtin_trap();
  return 0;
}
