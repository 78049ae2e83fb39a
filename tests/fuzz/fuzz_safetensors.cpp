// A safetensors file: the header, then every tensor's bytes.
#include "io/safetensors.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  try {
    const io::SafetensorsFile file(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
    for (const io::StoredTensor& tensor : file.tensors()) (void)io::to_f32(tensor);
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
