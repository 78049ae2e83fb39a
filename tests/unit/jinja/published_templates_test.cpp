// The chat templates of published models against the renderings of Transformers, of which only hashes are committed
// (tools/golden/chat_template_golden.py published). Long test: tools/fetch_long_test_data.py fetches the templates.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "support/rendered_hash.h"

namespace temper::text {
namespace {

const std::string kData = TEMPER_SOURCE_DIR "/tests/golden/data/chat_template/";

TEST(PublishedChatTemplates, RenderAsTransformersDoes) {
  const char* folder = std::getenv("TEMPER_LONG_DATA");
  if (folder == nullptr)
    GTEST_SKIP() << "TEMPER_LONG_DATA isn't set; tools/fetch_long_test_data.py fetches the templates";
  const std::filesystem::path templates = std::filesystem::path(folder) / "chat_templates";
  const OrderedJson published = parse_ordered_json(read_file(kData + "published.json"), "published.json");
  const OrderedJson conversations = parse_ordered_json(read_file(kData + "conversations.json"), "conversations.json");
  size_t checked = 0;
  for (const auto& [file, expected] : published.items()) {
    if (!std::filesystem::exists(templates / file))
      continue;  // SmolLM2's is in its model: tests/golden/smollm2_test.cpp
    const std::string source = read_file(templates / file);
    for (const OrderedJson& conversation : conversations) {
      const std::string name = conversation.at("name");
      EXPECT_EQ(testing::rendered_hash(source, file, conversation), expected.at(name).get<std::string>())
          << file << ", conversation " << name;
      ++checked;
    }
  }
  EXPECT_GE(checked, 70 * conversations.size()) << "templates are missing in " << templates;
}

}  // namespace
}  // namespace temper::text
