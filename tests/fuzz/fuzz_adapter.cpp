// A PEFT folder for a tiny model: adapter_config.json, a zero byte, adapter_model.safetensors.
#include <cstdlib>

#include "adapter/lora_adapter.h"
#include "io/safetensors.h"
#include "support/golden_models.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  static testing::GoldenModel golden;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = std::min(input.find('\0'), size);
  try {
    const LoraConfig config = lora_config_from_json(input.substr(0, zero), "fuzz");
    const std::string written = lora_config_to_json(config);
    if (lora_config_to_json(lora_config_from_json(written, "written")) != written) std::abort();
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(std::min(zero + 1, size));
    const io::SafetensorsFile tensors(bytes, nullptr, "fuzz");
    const auto adapter = LoraAdapter::from_peft(golden.ctx, golden.language_model(), config, tensors, "fuzz");
    (void)adapter.bind();
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
