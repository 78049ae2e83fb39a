// A training configuration as mlx-lm writes it.
#include "cli/train_options.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  CLI::App command;
  cli::TrainOptions options;
  cli::add_train_options(command, options);
  try {
    cli::apply_yaml_text(std::string(reinterpret_cast<const char*>(data), size), "fuzz", command, options);
    options.model = options.data = options.out = "given";
    cli::finish_options(options);
    (void)target_modules(options.lora, {"model.layers.0.self_attn.q_proj", "model.layers.1.mlp.up_proj"});
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
