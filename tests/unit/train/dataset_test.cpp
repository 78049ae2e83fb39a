#include "train/dataset.h"

#include <gtest/gtest.h>

#include "support/golden_models.h"
#include "support/test_folder.h"
#include "temper/error.h"

namespace temper::train {
namespace {

using testing::error_of;
using testing::golden_path;
using testing::TestFolder;
using testing::write_text;

const TextProcessor& processor() {
  static const TextProcessor tiny = TextProcessor::open(golden_path("tiny_llama/gqa_tied"));
  return tiny;
}

Row row_of(const std::string& json, PromptMask mask = PromptMask::none, int64_t max_tokens = 2048) {
  return tokenize_row(processor(), parse_ordered_json(json, "row"), {.mask = mask, .max_tokens = max_tokens}, "row");
}

std::string decoded(const Row& row) {
  return processor().tokenizer().decode(row.ids);
}

/// The text of the trained tokens; untrained runs become "|".
std::string trained_text(const Row& row) {
  std::string text;
  for (size_t i = 0; i < row.ids.size(); ++i) {
    if (row.trained[i])
      text += processor().tokenizer().bytes_of(row.ids[i]);
    else if (!text.ends_with('|'))
      text += '|';
  }
  return text;
}

Dataset load_text(const TestFolder& folder, const std::string& text, const DatasetOptions& options = {}) {
  write_text(folder / "train.jsonl", text);
  return load_dataset(processor(), folder / "train.jsonl", options);
}

const std::string kChat = R"({"messages": [{"role": "system", "content": "Be brief."},
  {"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "Four."},
  {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes, four."}]})";

TEST(Dataset, EveryTokenIsTrainedWithoutAMask) {
  const Row row = row_of(kChat);
  EXPECT_EQ(row.targets(), row.inputs());
  EXPECT_EQ(trained_text(row), decoded(row));
}

TEST(Dataset, MaskLastTrainsTheFinalReplyWithItsEndOfTurn) {
  EXPECT_EQ(trained_text(row_of(kChat, PromptMask::last)), "|Yes, four.<|im_end|>\n");
}

TEST(Dataset, MaskAllTrainsEveryReplyWithItsEndOfTurn) {
  EXPECT_EQ(trained_text(row_of(kChat, PromptMask::all)), "|Four.<|im_end|>\n|Yes, four.<|im_end|>\n");
}

TEST(Dataset, MasksDontChangeTheTokens) {
  const Row none = row_of(kChat);
  for (const PromptMask mask : {PromptMask::last, PromptMask::all}) EXPECT_EQ(row_of(kChat, mask).ids, none.ids);
}

TEST(Dataset, UntrainedTokensAreThePromptThatGenerationSees) {
  const OrderedJson json = parse_ordered_json(kChat, "row");
  const Row row = row_of(kChat, PromptMask::last);
  const std::vector<int32_t> prompt = processor().encode_rendered(processor().render(prompt_of(json), true).text);
  ASSERT_LT(prompt.size(), row.ids.size());
  for (size_t i = 0; i < prompt.size(); ++i) {
    EXPECT_EQ(row.ids[i], prompt[i]);
    EXPECT_EQ(row.trained[i], 0);
  }
  EXPECT_EQ(row.trained[prompt.size()], 1);
}

// A template that writes its tools, calls of them and what they answer, as published ones do.
constexpr std::string_view kToolTemplate =
    "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.tool_calls %}{% for call in m.tool_calls %}{{ call | tojson }}{% endfor %}{% else %}{{ m.content }}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

const TextProcessor& processor_with_tools() {
  static const TestFolder folder;
  static const TextProcessor model = [] {
    std::filesystem::copy(golden_path("tiny_llama/gqa_tied"), folder / "model");
    write_text(folder / "model/chat_template.jinja", std::string(kToolTemplate));
    return TextProcessor::open(folder / "model");
  }();
  return model;
}

const std::string kToolRow = R"({"tools": [{"name": "add", "parameters": {"a": "int"}}], "messages": [
  {"role": "user", "content": "2+2?"},
  {"role": "assistant", "tool_calls": [{"name": "add", "arguments": {"a": 2}}]},
  {"role": "tool", "content": "4"}, {"role": "assistant", "content": "Four."}]})";

TEST(Dataset, ToolsReachTheTemplate) {
  const OrderedJson json = parse_ordered_json(kToolRow, "row");
  const Row row = tokenize_row(processor_with_tools(), json, {}, "row");
  EXPECT_EQ(processor_with_tools().tokenizer().decode(row.ids),
            "<tools>{\"name\": \"add\", \"parameters\": {\"a\": \"int\"}}</tools>\n<|im_start|>user\n2+2?<|im_end|>\n"
            "<|im_start|>assistant\n{\"name\": \"add\", \"arguments\": {\"a\": 2}}<|im_end|>\n"
            "<|im_start|>tool\n4<|im_end|>\n<|im_start|>assistant\nFour.<|im_end|>\n");
  EXPECT_EQ(prompt_of(json).tools, json["tools"]);
  EXPECT_EQ(prompt_of(json).messages.size(), 3u);
}

TEST(Dataset, MasksFindTheAssistantsTurnsBehindTools) {
  const auto trained = [](PromptMask mask) {
    const Row row = tokenize_row(processor_with_tools(), parse_ordered_json(kToolRow, "row"), {.mask = mask}, "row");
    std::vector<int32_t> ids;
    for (size_t i = 0; i < row.ids.size(); ++i)
      if (row.trained[i]) ids.push_back(row.ids[i]);
    return processor_with_tools().tokenizer().decode(ids);
  };
  EXPECT_EQ(trained(PromptMask::last), "Four.<|im_end|>\n");
  EXPECT_EQ(trained(PromptMask::all), "{\"name\": \"add\", \"arguments\": {\"a\": 2}}<|im_end|>\nFour.<|im_end|>\n");
}

TEST(Dataset, ToolsMustBeAListOfDefinitions) {
  const auto error_with = [](const std::string& tools) {
    const TestFolder folder;
    return error_of(
        [&] { load_text(folder, R"({"messages": [{"role": "user", "content": "a"}], "tools": )" + tools + "}"); });
  };
  EXPECT_NE(error_with("3").find("train.jsonl:1: `tools` must be a list of function definitions"), std::string::npos);
  EXPECT_NE(error_with("[3]").find("train.jsonl:1: `tools` must be a list of function definitions"), std::string::npos);
  EXPECT_NE(error_with("\"[{}]\"").find("train.jsonl:1: `tools` is a string"), std::string::npos);
  EXPECT_EQ(row_of(R"({"messages": [{"role": "user", "content": "a"}], "tools": null})").ids,
            row_of(R"({"messages": [{"role": "user", "content": "a"}]})").ids);
}

TEST(Dataset, CompletionRowsAreOneTurnOfTheTemplate) {
  const Row row = row_of(R"({"prompt": "Two and two?", "completion": "Four."})", PromptMask::last);
  EXPECT_EQ(row.ids, row_of(R"({"messages": [{"role": "user", "content": "Two and two?"},
                                             {"role": "assistant", "content": "Four."}]})")
                         .ids);
  EXPECT_EQ(trained_text(row), "|Four.<|im_end|>\n");
}

TEST(Dataset, TextRowsEndWithOneEos) {
  const int32_t eos = *processor().eos();
  const Row row = row_of(R"({"text": "plain words"})");
  EXPECT_EQ(row.ids.back(), eos);
  EXPECT_EQ(row.trained.back(), 1);
  const Row twice = row_of(R"({"text": "plain words<|im_end|>"})");
  EXPECT_EQ(twice.ids, row.ids);
}

TEST(Dataset, LongRowsAreCutAndCounted) {
  const TestFolder folder;
  const std::string text = R"({"text": "a short one"})"
                           "\n"
                           R"({"text": "a row that is much longer than the others, and longer than the limit"})"
                           "\n";
  const Dataset dataset = load_text(folder, text, {.max_tokens = 20});
  ASSERT_EQ(dataset.rows.size(), 2u);
  EXPECT_EQ(dataset.rows_cut, 1);
  EXPECT_FALSE(dataset.rows[0].cut);
  EXPECT_TRUE(dataset.rows[1].cut);
  EXPECT_EQ(dataset.rows[1].ids.size(), 20u);
  EXPECT_EQ(dataset.rows[1].trained.size(), 20u);
  EXPECT_EQ(dataset.rows_without_stop, 1) << "the cut row lost its EOS";
  EXPECT_EQ(dataset.tokens(), dataset.rows[0].inputs() + 19);
  EXPECT_EQ(dataset.targets(), dataset.tokens());
}

TEST(Dataset, RowsKeepTheirLineNumbers) {
  const TestFolder folder;
  const Dataset dataset = load_text(folder, "\n{\"text\": \"one\"}\n   \n{\"text\": \"two\"}");
  ASSERT_EQ(dataset.rows.size(), 2u);
  EXPECT_EQ(dataset.rows[0].line, 2);
  EXPECT_EQ(dataset.rows[1].line, 4);
  EXPECT_EQ(dataset.rows_without_stop, 0);
}

TEST(Dataset, WindowsLineEndsAreRead) {
  const TestFolder folder;
  EXPECT_EQ(load_text(folder, "{\"text\": \"one\"}\r\n{\"text\": \"two\"}\r\n").rows.size(), 2u);
}

TEST(Dataset, ReplyAndPromptOfARow) {
  const OrderedJson chat = parse_ordered_json(kChat, "row");
  EXPECT_EQ(expected_reply(chat), "Yes, four.");
  EXPECT_EQ(prompt_of(chat).messages.size(), 4u);
  const OrderedJson completion = parse_ordered_json(R"({"prompt": "p", "completion": "c"})", "row");
  EXPECT_EQ(expected_reply(completion), "c");
  EXPECT_EQ(prompt_of(completion).messages.size(), 1u);
  const OrderedJson text = parse_ordered_json(R"({"text": "t"})", "row");
  EXPECT_TRUE(prompt_of(text).messages.is_null());
  EXPECT_EQ(expected_reply(text), "");
}

TEST(Dataset, KeysBesideARowsKindAreNeverRead) {
  // `messages` make it a chat: a lone `prompt` or `completion` of any type means nothing.
  const OrderedJson chat = parse_ordered_json(
      R"({"prompt": 5, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})", "row");
  EXPECT_EQ(prompt_of(chat).messages.size(), 1u);
  EXPECT_EQ(expected_reply(chat), "b");
  const OrderedJson text = parse_ordered_json(R"({"text": "t", "completion": null})", "row");
  EXPECT_EQ(expected_reply(text), "");
}

struct MalformedCase {
  const char* text;
  const char* place;  // after the file's name
  const char* says;
  DatasetOptions options = {};
};

// The first rows are sound where the fault is further down.
const MalformedCase kMalformed[] = {
    {"", "", "no rows"},
    {"\n  \n", "", "no rows"},
    {"{\"text\": \"a\"}\n{\"text\": ", ":2:", ""},
    {"{\"text\": \"a\"}\nnot json\n", ":2:", ""},
    {"{\"text\": \"a\"} {\"text\": \"b\"}\n", ":1:", ""},
    {"[1, 2]\n", ":1:", "must be a JSON object"},
    {"\"text\"\n", ":1:", "must be a JSON object"},
    {"{}\n", ":1:", "no key"},
    {"{\"txt\": \"a\"}\n", ":1:", "this one has txt"},
    {"{\"text\": 3}\n", ":1:", "`text` must be a string"},
    {"{\"text\": null}\n", ":1:", "`text` must be a string"},
    {"{\"prompt\": \"a\", \"completion\": 1}\n", ":1:", "`completion` must be a string"},
    {"{\"prompt\": [\"a\"], \"completion\": \"b\"}\n", ":1:", "`prompt` must be a string"},
    {"{\"prompt\": \"a\"}\n", ":1:", "this one has prompt"},
    {"{\"messages\": []}\n", ":1:", "at least one message"},
    {"{\"messages\": \"hello\"}\n", ":1:", "must be a list"},
    {"{\"messages\": [\"hello\"]}\n", ":1:", "every message needs a `role`"},
    {"{\"messages\": [{\"content\": \"a\"}]}\n", ":1:", "every message needs a `role`"},
    {"{\"messages\": [{\"role\": 1, \"content\": \"a\"}]}\n", ":1:", "every message needs a `role`"},
    {"{\"messages\": [{\"role\": \"user\"}]}\n", ":1:", "neither `content` nor `tool_calls`"},
    {"{\"text\": \"a\"}\n{\"prompt\": \"a\", \"completion\": \"b\"}\n", ":2:", "but the file began with text"},
    {"{\"text\": \"a\"}\n\n{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n", ":3:", "a row of messages"},
    {"{\"text\": \"\\ud800\"}\n", ":1:", ""},
    {"{\"text\": \"a\xff\"}\n", ":1:", ""},
    {"{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n",
     ":1:",
     "no assistant message",
     {PromptMask::last, 64}},
    {"{\"text\": \"a\"}\n", ":1:", "no prompt to mask", {PromptMask::all, 64}},
    {"{\"prompt\": \"a long prompt that fills all\", \"completion\": \"b\"}\n",
     ":1:",
     "raise --seq-len",
     {PromptMask::last, 12}},
};

TEST(Dataset, MalformedFilesAreErrorsThatNameFileAndLine) {
  const TestFolder folder;
  const std::string path = (folder / "train.jsonl").string();
  for (const MalformedCase& c : kMalformed) {
    const std::string message = error_of([&] { load_text(folder, c.text, c.options); });
    EXPECT_TRUE(message.starts_with(path + c.place)) << c.text << " -> " << message;
    EXPECT_NE(message.find(c.says), std::string::npos) << c.text << " -> " << message;
    EXPECT_EQ(message.find(path, path.size()), std::string::npos) << "the place is said once: " << message;
  }
}

TEST(Dataset, DeeplyNestedRowsAreRefused) {
  const TestFolder folder;
  const std::string text = "{\"messages\": " + std::string(5000, '[') + std::string(5000, ']') + "}\n";
  EXPECT_TRUE(error_of([&] { load_text(folder, text); }).starts_with((folder / "train.jsonl").string() + ":1"));
}

TEST(Dataset, AMissingFileIsNamed) {
  EXPECT_NE(error_of([] { load_dataset(processor(), "no/such.jsonl", {}); }).find("no/such.jsonl"), std::string::npos);
}

TEST(Dataset, ALimitBelowTwoTokensIsRefused) {
  const TestFolder folder;
  EXPECT_THROW(load_text(folder, "{\"text\": \"a\"}\n", {.max_tokens = 1}), Error);
}

/// The tiny model's folder with another chat template.
class OtherTemplate {
 public:
  OtherTemplate(const TestFolder& folder, const std::string& source) {
    const auto base = golden_path("tiny_llama/untied_llama3rope");
    std::filesystem::copy(base, folder / "model");
    write_text(folder / "model/chat_template.jinja", source);
    processor_.emplace(TextProcessor::open(folder / "model"));
  }
  Row row(const std::string& json, PromptMask mask) const {
    return tokenize_row(*processor_, parse_ordered_json(json, "row"), {.mask = mask}, "row");
  }

 private:
  std::optional<TextProcessor> processor_;
};

TEST(Dataset, ATemplateThatRewritesEarlierTurnsIsRefusedWhenMasking) {
  const TestFolder folder;
  // Only the last turn is shown in full, as templates do that drop earlier thoughts.
  const OtherTemplate other(folder,
                            "{% for m in messages %}{{ m.role }}: {% if loop.last %}{{ m.content }}{% else %}..."
                            "{% endif %}<|im_end|>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}");
  EXPECT_NO_THROW(other.row(kChat, PromptMask::none));
  const std::string message = error_of([&] { other.row(kChat, PromptMask::all); });
  EXPECT_NE(message.find("rewrites earlier turns"), std::string::npos) << message;
}

TEST(Dataset, ATemplateThatTrimsRepliesIsStillMaskedExactly) {
  const TestFolder folder;
  const OtherTemplate other(folder,
                            "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}<|im_end|>{% endfor %}"
                            "{% if add_generation_prompt %}assistant: {% endif %}");
  const Row row = other.row(R"({"messages": [{"role": "user", "content": " a "},
                                            {"role": "assistant", "content": " b "}]})",
                            PromptMask::last);
  EXPECT_EQ(trained_text(row), "|b<|im_end|>");
}

TEST(Dataset, ADoubleBosIsRefused) {
  const TestFolder folder;
  const OtherTemplate other(folder, "{{ bos_token }}{{ bos_token }}{{ messages[0].content }}");
  EXPECT_NE(error_of([&] { other.row(kChat, PromptMask::none); }).find("BOS"), std::string::npos);
}

TEST(Dataset, RowsOfAModelWithoutATemplateAreJoinedTexts) {
  const TestFolder folder;
  std::filesystem::copy(golden_path("tiny_llama/untied_llama3rope"), folder / "model");
  std::filesystem::remove(folder / "model/chat_template.jinja");
  const TextProcessor plain = TextProcessor::open(folder / "model");
  const OrderedJson json = parse_ordered_json(R"({"prompt": "Two and two? ", "completion": "Four."})", "row");
  const Row row = tokenize_row(plain, json, {.mask = PromptMask::last}, "row");
  EXPECT_EQ(plain.tokenizer().decode(row.ids), "Two and two? Four.<|im_end|>");
  EXPECT_EQ(trained_text(row), "|Four.<|im_end|>");
  EXPECT_NE(
      error_of([&] { tokenize_row(plain, parse_ordered_json(kChat, "row"), {}, "row"); }).find("no chat template"),
      std::string::npos);
}

}  // namespace
}  // namespace temper::train
