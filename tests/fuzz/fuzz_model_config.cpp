// config.json and generation_config.json.
#include "io/model_config.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const io::ModelConfig config = io::config_from_json(text, "fuzz");
    if (io::config_from_json(io::config_to_json(config), "written") != config) __builtin_trap();
  } catch (const Error&) {  // the expected answer to malformed input
  }
  try {
    (void)io::generation_config_from_json(text, "fuzz");
  } catch (const Error&) {
  }
  return 0;
}
