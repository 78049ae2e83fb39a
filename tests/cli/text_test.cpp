// temper score, tokenize, template
#include <cmath>

#include "cli/fixtures.h"

namespace temper::testing {
namespace {

Words score(const Words& more) {
  return Words{"score", "--model", tiny_model(), "--quiet", "--dtype", "f32"} + more;
}

TEST(Score, PrintsIdsAndNaturalLogarithms) {
  const Outcome outcome = run_program(score({"--ids", "5,6,7", "--json"}));
  expect_success(outcome);
  const OrderedJson json = outcome.last_json();
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  EXPECT_EQ(keys_of(json), (Words{"ids", "logprobs"}));
  EXPECT_EQ(json["ids"], OrderedJson({5, 6, 7}));
  ASSERT_EQ(json["logprobs"].size(), 3u);
  EXPECT_TRUE(json["logprobs"][0].is_null());
  for (const int i : {1, 2}) {
    EXPECT_LT(json["logprobs"][i].get<double>(), 0.0);
    EXPECT_GT(json["logprobs"][i].get<double>(), -30.0);
  }
}

TEST(Score, TextAndItsIdsScoreAlike) {
  const OrderedJson text = run_program(score({"--text", "one two", "--json"})).last_json();
  std::string ids;
  for (const OrderedJson& id : text["ids"]) ids += (ids.empty() ? "" : ",") + id.dump();
  EXPECT_EQ(run_program(score({"--ids", ids, "--json"})).last_json(), text);
  EXPECT_EQ(run_program(score({"--text", "-", "--json"}), {.input = "one two"}).last_json(), text);
}

TEST(Score, OneTokenHasNoLogarithm) {
  EXPECT_EQ(run_program(score({"--ids", "5", "--json"})).out, "{\"ids\":[5],\"logprobs\":[null]}\n");
}

TEST(Score, AnAdapterCounts) {
  EXPECT_NE(run_program(score({"--ids", "5,6,7", "--json", "--adapter", tiny_adapter()})).last_json(),
            run_program(score({"--ids", "5,6,7", "--json"})).last_json());
}

TEST(Score, TheTableEndsWithMeanAndPerplexity) {
  const Outcome outcome = run_program(score({"--text", "one two"}));
  expect_success(outcome);
  EXPECT_TRUE(contains(outcome.out, "perplexity"));
}

TEST(Score, BadIdsAndTextsAreErrors) {
  expect_error(run_program(score({"--ids", "5,384", "--json"})), kFailed, {"384", "vocabulary"});
  expect_error(run_program(score({"--ids", "", "--json"})), kUsage, {"--ids"});
  expect_error(run_program(score({"--text", "", "--json"})), kFailed, {"no tokens"});
  expect_error(run_program(score({"--json"})), kUsage, {"--ids", "--text"});
  expect_error(run_program(score({"--json", "--ids", "1", "--text", "x"})), kUsage, {"--ids", "--text"});
}

Words tokenize(const Words& more = {"--jsonl"}) {
  return Words{"tokenize", "--model", tiny_model()} + more;
}

TEST(Tokenize, GivesAnArrayOfIdsForEachLine) {
  const Outcome outcome =
      run_program(tokenize(), {.input = "\"a b\"\n\"<|im_end|>\"\n\"\"\n\"\\u00e9\\ud83d\\ude00\""});
  expect_success(outcome);
  const std::vector<OrderedJson> lines = outcome.json_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], OrderedJson({2}));  // a special token in the text; nothing added
  EXPECT_EQ(lines[2], OrderedJson::array());
  EXPECT_GT(lines[3].size(), 1u);
}

TEST(Tokenize, GgufAndFolderAgree) {
  const ProgramOptions input = {.input = "\"one two <|im_start|>user\\n\"\n\"  x\"\n"};
  EXPECT_EQ(run_program(Words{"tokenize", "--model", tiny_gguf(), "--jsonl"}, input).out,
            run_program(tokenize(), input).out);
}

TEST(Tokenize, AWholeInputIsOneText) {
  const Outcome outcome = run_program(tokenize({}), {.input = "a\nb\n"});
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
}

TEST(Tokenize, ABadLineIsNamed) {
  expect_error(run_program(tokenize(), {.input = "\"a\"\n{}\n"}), kFailed, {"standard input:2", "string"});
  expect_error(run_program(tokenize(), {.input = "\"a\"\n\"b\n"}), kFailed, {"standard input:2", "malformed"});
  expect_error(run_program(tokenize(), {.input = "\"a\"\n\n\"b\"\n"}), kFailed, {"standard input:2"});
}

Words render(const Words& more = {}) {
  return Words{"template", "--model", tiny_model()} + more;
}

TEST(Template, RendersWithAndWithoutTheGenerationPrompt) {
  const ProgramOptions input = {.input = R"([{"role":"user","content":"one"}])"};
  const std::string body = "<|im_start|>user\none<|im_end|>\n";
  EXPECT_EQ(run_program(render(), input).out, body + "<|im_start|>assistant\n");
  EXPECT_EQ(run_program(render({"--no-generation-prompt"}), input).out, body);
  EXPECT_EQ(run_program({"template", "--model", tiny_gguf()}, input).out, body + "<|im_start|>assistant\n");
}

TEST(Template, ToolsStandBesideMessages) {
  const TestFolder folder;
  const auto model = model_copy(folder);
  write_text(model / "chat_template.jinja", "{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% endfor %}");
  const Words command = {"template", "--model", model};
  EXPECT_EQ(
      run_program(command, {.input = R"({"messages":[{"role":"user","content":"one"}],"tools":[{"name":"f"}]})"}).out,
      R"([{"name": "f"}]one)");
  EXPECT_EQ(run_program(command, {.input = R"({"messages":[{"role":"user","content":"one"}]})"}).out, "nullone");
  expect_error(run_program(command, {.input = R"({"messages":[],"tools":{"name":"f"}})"}), kFailed,
               {"standard input", "`tools` must be a list"});
}

TEST(Template, BadMessagesAreErrors) {
  expect_error(run_program(render(), {.input = "{\"role\":\"user\"}"}), kFailed,
               {"neither a list of messages nor an object with `messages`"});
  expect_error(run_program(render(), {.input = "[3]"}), kFailed, {"not an object"});
  expect_error(run_program(render(), {.input = "[{]"}), kFailed, {"standard input", "malformed"});
  expect_error(run_program(render(), {.input = ""}), kFailed, {"standard input", "malformed"});
}

TEST(Template, ARaisedExceptionIsShown) {
  const TestFolder folder;
  const auto model = model_copy(folder);
  write_text(model / "chat_template.jinja", "{{ raise_exception('roles must alternate') }}");
  expect_error(run_program({"template", "--model", model}, {.input = "[]"}), kFailed, {"roles must alternate"});
}

}  // namespace
}  // namespace temper::testing
