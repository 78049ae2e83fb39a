// Our own templates, rendered by Transformers (tools/golden/chat_template_golden.py cases).
#include <gtest/gtest.h>

#include "base/file.h"
#include "temper/error.h"
#include "text/jinja/chat_template.h"

namespace temper::text {
namespace {

using Spans = std::vector<std::pair<size_t, size_t>>;

ChatTemplateOptions options_of(OrderedJson variables) {
  using namespace std::chrono;
  ChatTemplateOptions options;
  options.add_generation_prompt = false;
  options.now = local_days(2026y / January / 2) + 3h + 4min + 5s;  // the clock of the script
  variables.erase("messages");
  options.extra = std::move(variables);
  return options;
}

class ChatTemplateGolden : public testing::TestWithParam<const char*> {};

TEST_P(ChatTemplateGolden, RendersAsTransformersDoes) {
  const std::string path = std::string(TEMPER_SOURCE_DIR "/tests/golden/data/chat_template/") + GetParam() + ".json";
  const OrderedJson golden = parse_ordered_json(read_file(path), path);
  size_t checked = 0;
  for (const OrderedJson& record : golden.at("cases")) {
    const std::string name = record.at("name"), source = record.at("template");
    const OrderedJson& context = golden.at("contexts").at(record.at("context").get<size_t>());
    const OrderedJson messages = context.value("messages", OrderedJson::array());
    ++checked;
    try {
      const Rendered rendered = ChatTemplate(source, name).render(messages, options_of(context));
      if (record.contains("error")) {
        ADD_FAILURE() << name << ": " << source << "\nfails in Transformers (" << record.at("error")
                      << "), here it renders " << rendered.text;
        continue;
      }
      EXPECT_EQ(rendered.text, record.at("expected").get<std::string>()) << name << ": " << source;
      EXPECT_EQ(rendered.generation_spans, record.value("spans", Spans())) << name << ": " << source;
    } catch (const Error& error) {
      EXPECT_TRUE(record.contains("error")) << name << ": " << source << "\n" << error.what();
      EXPECT_NE(error.code(), ErrorCode::internal);
      EXPECT_TRUE(std::string_view(error.what()).starts_with(name + ": line ")) << error.what();
    }
  }
  EXPECT_GT(checked, 20u);
}

INSTANTIATE_TEST_SUITE_P(Areas, ChatTemplateGolden,
                         testing::Values("whitespace", "expressions", "strings", "filters", "value_tests", "statements",
                                         "errors"),
                         [](const auto& area) { return std::string(area.param); });

}  // namespace
}  // namespace temper::text
