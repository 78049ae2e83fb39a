// The chat templates of published models against the renderings of Transformers, of which only hashes are committed
// (tools/golden/chat_template_golden.py published). Long test: tools/fetch_long_test_data.py fetches the templates.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/hash.h"
#include "temper/error.h"
#include "text/jinja/chat_template.h"

namespace temper::text {
namespace {

const std::string kData = TEMPER_SOURCE_DIR "/tests/golden/data/chat_template/";

std::string rendered_hash(const std::string& source, const std::string& name, OrderedJson conversation) {
  using namespace std::chrono;
  ChatTemplateOptions options;
  options.now = local_days(2026y / January / 2) + 3h + 4min + 5s;
  options.add_generation_prompt = conversation.at("add_generation_prompt");
  options.bos_token = conversation.at("bos_token");
  options.eos_token = conversation.at("eos_token");
  options.tools = conversation.value("tools", OrderedJson());
  const OrderedJson messages = conversation.at("messages");
  for (const char* key : {"name", "messages", "add_generation_prompt", "bos_token", "eos_token", "tools"})
    conversation.erase(key);
  options.extra = std::move(conversation);
  try {
    const std::string text = ChatTemplate(source, name).render(messages, options).text;
    return sha256(std::as_bytes(std::span(text)));
  } catch (const Error&) {
    return "error";
  }
}

TEST(PublishedChatTemplates, RenderAsTransformersDoes) {
  const char* folder = std::getenv("TEMPER_LONG_DATA");
  if (folder == nullptr)
    GTEST_SKIP() << "TEMPER_LONG_DATA isn't set; tools/fetch_long_test_data.py fetches the templates";
  const std::filesystem::path templates = std::filesystem::path(folder) / "chat_templates";
  const OrderedJson published = parse_ordered_json(read_file(kData + "published.json"), "published.json");
  const OrderedJson conversations = parse_ordered_json(read_file(kData + "conversations.json"), "conversations.json");
  size_t checked = 0;
  for (const auto& [file, expected] : published.items()) {
    if (!std::filesystem::exists(templates / file)) continue;  // SmolLM2's comes out of its model, with `extract`
    const std::string source = read_file(templates / file);
    for (const OrderedJson& conversation : conversations) {
      const std::string name = conversation.at("name");
      EXPECT_EQ(rendered_hash(source, file, conversation), expected.at(name).get<std::string>())
          << file << ", conversation " << name;
      ++checked;
    }
  }
  EXPECT_GE(checked, 70 * conversations.size()) << "templates are missing in " << templates;
}

}  // namespace
}  // namespace temper::text
