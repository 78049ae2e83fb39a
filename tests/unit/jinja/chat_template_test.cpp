#include "text/jinja/chat_template.h"

#include <gtest/gtest.h>

#include <future>

#include "temper/error.h"

namespace temper::text {
namespace {

const OrderedJson kMessages = OrderedJson::parse(R"([
  {"role": "system", "content": "Be brief."},
  {"role": "user", "content": "Zürich?"},
  {"role": "assistant", "content": "Oui."}
])");

// ChatML, written for this test.
constexpr const char* kChatMl = R"({%- for m in messages %}
    {{- '<|im_start|>' ~ m.role ~ '\n' }}
    {%- if m.role == 'assistant' %}{% generation %}{{ m.content ~ '<|im_end|>' }}{% endgeneration %}
    {%- else %}{{ m.content ~ '<|im_end|>' }}{% endif %}
    {{- '\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";

std::string rendered(const char* source, const ChatTemplateOptions& options = {}) {
  return ChatTemplate(source, "t").render(kMessages, options).text;
}

TEST(ChatTemplate, RendersAConversation) {
  const Rendered result = ChatTemplate(kChatMl, "t").render(kMessages, {.add_generation_prompt = false});
  EXPECT_EQ(result.text,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nZürich?<|im_end|>\n"
            "<|im_start|>assistant\nOui.<|im_end|>\n");
}

TEST(ChatTemplate, EndsWithThePromptForTheNextAnswer) {
  EXPECT_TRUE(rendered(kChatMl).ends_with("Oui.<|im_end|>\n<|im_start|>assistant\n"));
}

TEST(ChatTemplate, MarksTheBytesOfTheAssistant) {
  const Rendered result = ChatTemplate(kChatMl, "t").render(kMessages);
  ASSERT_EQ(result.generation_spans.size(), 1u);
  const auto [begin, end] = result.generation_spans[0];
  EXPECT_EQ(result.text.substr(begin, end - begin), "Oui.<|im_end|>");
}

TEST(ChatTemplate, LeavesTokensUndefinedThatTheTokenizerLacks) {
  constexpr const char* kSource = "{{ bos_token }}|{{ eos_token is defined }}";
  EXPECT_EQ(rendered(kSource), "|False");
  EXPECT_EQ(rendered(kSource, {.bos_token = "<s>", .eos_token = "</s>"}), "<s>|True");
}

TEST(ChatTemplate, KeepsTheOrderOfKeysInTools) {
  ChatTemplateOptions options;
  options.tools = OrderedJson::parse(R"([{"z": 1, "a": {"y": 2, "b": 3}}])");
  EXPECT_EQ(rendered("{{ tools|tojson }}", options), R"([{"z": 1, "a": {"y": 2, "b": 3}}])");
  EXPECT_EQ(rendered("{% for k in tools[0] %}{{ k }}{% endfor %}", options), "za");
  EXPECT_EQ(rendered("{{ tools is none }}"), "True");
}

TEST(ChatTemplate, PassesFurtherVariables) {
  ChatTemplateOptions options;
  options.extra = {{"enable_thinking", false}, {"bos_token", "<b>"}};
  options.bos_token = "<s>";
  EXPECT_EQ(rendered("{{ enable_thinking }}{{ bos_token }}", options), "False<b>");
}

TEST(ChatTemplate, TakesTheTimeItIsGiven) {
  using namespace std::chrono;
  ChatTemplateOptions options;
  options.now = local_days(2024y / February / 29) + 23h + 59min;
  EXPECT_EQ(rendered("{{ strftime_now('%d %b %Y %H:%M, day %j') }}", options), "29 Feb 2024 23:59, day 060");
}

TEST(ChatTemplate, KnowsTheTimeOtherwise) {
  EXPECT_EQ(rendered("{{ strftime_now('%Y')|int >= 2025 }}"), "True");
}

TEST(ChatTemplate, RefusesConversationsThatAreNone) {
  const auto message = [](const OrderedJson& messages, const ChatTemplateOptions& options = {}) {
    try {
      return ChatTemplate("", "t").render(messages, options).text;
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message(OrderedJson::object()), "t: the messages are not a list");
  EXPECT_EQ(message(OrderedJson::array({1})), "t: a message is not an object: 1");
  ChatTemplateOptions options;
  options.extra = OrderedJson::array();
  EXPECT_EQ(message(OrderedJson::array(), options), "t: the extra variables are not an object");
  OrderedJson deep = 1;
  for (int i = 0; i < 300; ++i) deep = OrderedJson::array({deep});
  options.extra = OrderedJson::object();
  options.extra["deep"] = deep;
  EXPECT_EQ(message(OrderedJson::array(), options), "t: values nested deeper than 200 levels");
}

TEST(ChatTemplate, RendersOnSeveralThreadsAtOnce) {
  const ChatTemplate shared(kChatMl, "t");
  const std::string expected = shared.render(kMessages).text;
  std::vector<std::future<std::string>> renderings;
  for (int i = 0; i < 4; ++i) {
    renderings.push_back(std::async(std::launch::async, [&] {
      std::string text;
      for (int n = 0; n < 50; ++n) text = shared.render(kMessages).text;
      return text;
    }));
  }
  for (auto& rendering : renderings) EXPECT_EQ(rendering.get(), expected);
}

TEST(ChatTemplate, KeepsItsSourceWhenMoved) {
  ChatTemplate first("{{ 1 }}", "t");
  const ChatTemplate second = std::move(first);
  EXPECT_EQ(second.source(), "{{ 1 }}");
  EXPECT_EQ(second.render(kMessages).text, "1");
}

}  // namespace
}  // namespace temper::text
