// Everything that opening a GGUF model does with the file's bytes.
#include "io/gguf.h"
#include "io/gguf_llama.h"
#include "io/gguf_vocab.h"
#include "io/model_config.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  try {
    const io::GgufFile file(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
    for (const io::StoredTensor& tensor : file.tensors()) (void)io::to_f32(tensor);
    for (const std::string& key : file.keys()) {
      try {
        (void)file.get<std::vector<std::string>>(key);
      } catch (const Error&) {  // of another type
      }
    }
    const io::ModelConfig config = io::config_from_gguf(file);
    (void)io::config_from_json(io::config_to_json(config), "written");
    for (const io::StoredTensor& tensor : file.tensors())
      if (const auto name = io::hf_name_of(tensor.name); name && io::has_permuted_rows(*name))
        (void)io::unpermute_rows(tensor, config.num_heads, config.head_dim, "fuzz");
    (void)io::vocab_from_gguf(file);
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
