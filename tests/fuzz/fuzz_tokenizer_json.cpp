// A tokenizer.json, and after a zero byte a text to encode: reading, encoding, decoding, writing and reading again.
#include <cstdlib>
#include <string_view>

#include "temper/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  std::string_view json(reinterpret_cast<const char*>(data), size);
  std::string_view text = "Hello  world's 123 \n\xC3\xA9\xF0\x9F\x98\x80 \xFF</s>";
  if (const size_t zero = json.find('\0'); zero != std::string_view::npos) {
    text = json.substr(zero + 1);
    json = json.substr(0, zero);
  }
  try {
    const text::Tokenizer tokenizer = text::Tokenizer::from_json(json, "", "fuzz");
    const text::Tokenizer again = text::Tokenizer::from_json(tokenizer.to_json(), "", "written");
    const std::vector<int32_t> ids = tokenizer.encode_with_special(text);
    if (again.encode_with_special(text) != ids) std::abort();
    text::StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const int32_t id : ids) streamed += stream.push(id);
    streamed += stream.flush();
    if (streamed != tokenizer.decode(ids)) std::abort();
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
