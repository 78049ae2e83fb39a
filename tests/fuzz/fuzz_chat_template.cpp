// The source of a chat template, which downloads carry, rendered with a fixed conversation.
#include "temper/error.h"
#include "text/jinja/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  static const OrderedJson messages = OrderedJson::parse(R"([
    {"role": "system", "content": " Be brief. "},
    {"role": "user", "content": [{"type": "text", "text": "Zürich \n 日本?"}], "n": 3, "x": -1.5},
    {"role": "assistant", "content": null, "tool_calls": [{"name": "f", "arguments": {"b": [1, true], "a": "<&>"}}]}
  ])");
  text::ChatTemplateOptions options;
  options.bos_token = "<s>";
  options.tools = OrderedJson::parse(R"([{"name": "f", "parameters": {"items": {}, "required": ["a"]}}])");
  options.limits = {.steps = 200'000, .bytes = 16 << 20, .output_bytes = 4 << 20};
  try {
    const text::ChatTemplate parsed(std::string(reinterpret_cast<const char*>(data), size), "fuzz");
    (void)parsed.render(messages, options);
  } catch (const Error&) {  // the expected answer to malformed input
  }
  return 0;
}
