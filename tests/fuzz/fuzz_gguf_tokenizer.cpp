// The tokenizer inside a GGUF file, and behind the file's metadata a text for it: reading, encoding, decoding, and the
// tokenizer.json written from it.
#include <cstdlib>

#include "io/gguf.h"
#include "models/text_processor.h"
#include "temper/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  try {
    const io::GgufFile file(std::as_bytes(std::span(data, size)), nullptr, "fuzz");
    const text::Tokenizer tokenizer = tokenizer_from_gguf(io::vocab_from_gguf(file), "fuzz");
    const text::Tokenizer again =
        text::Tokenizer::from_json(tokenizer.to_json(), tokenizer.config_to_json(), "written");
    const std::string_view tail = std::string_view(reinterpret_cast<const char*>(data), size).substr(size / 2);
    for (const std::string_view text : {std::string_view("ab  a's\n12 \xC3\xA9\xF0\x9F\x98\x80</s>"), tail}) {
      const std::vector<int32_t> ids = tokenizer.encode_with_special(text);
      if (again.encode_with_special(text) != ids) std::abort();
      (void)tokenizer.decode(ids, true);
    }
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
