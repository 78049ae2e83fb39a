// temper generate
#include "cli/fixtures.h"

namespace temper::testing {
namespace {

const Words kReplyKeys = {
    "ids", "text", "finish_reason", "prompt_tokens", "prompt_tokens_per_s", "decode_tokens_per_s"};

Words generate(const Words& more) {
  return Words{"generate", "--model", tiny_model(), "--quiet", "--dtype", "f32"} + more;
}

OrderedJson reply(const Words& more, const ProgramOptions& options = {}) {
  const Outcome outcome = run_program(generate(more + Words{"--json"}), options);
  expect_success(outcome);
  return outcome.last_json();
}

TEST(Generate, TheLastJsonLineHasTheDocumentedFields) {
  const Outcome outcome = run_program(generate({"--prompt", "one two", "--max-tokens", "5", "--ignore-eos", "--json"}));
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  const OrderedJson json = outcome.last_json();
  EXPECT_EQ(keys_of(json), kReplyKeys);
  EXPECT_EQ(json["ids"].size(), 5u);
  EXPECT_TRUE(json["text"].is_string());
  EXPECT_EQ(json["finish_reason"], "length");
  EXPECT_GT(json["prompt_tokens"].get<int>(), 2);
  EXPECT_GT(json["prompt_tokens_per_s"].get<double>(), 0.0);
  EXPECT_GT(json["decode_tokens_per_s"].get<double>(), 0.0);
}

TEST(Generate, PromptsComeFromTextFileAndStandardInput) {
  const TestFolder folder;
  write_text(folder / "prompt.txt", "one two");
  const OrderedJson text = reply({"--prompt", "one two", "--max-tokens", "4"});
  EXPECT_EQ(reply({"--prompt-file", folder / "prompt.txt", "--max-tokens", "4"})["ids"], text["ids"]);
  EXPECT_EQ(reply({"--prompt", "-", "--max-tokens", "4"}, {.input = "one two"})["ids"], text["ids"]);
}

TEST(Generate, TheChatTemplateIsAppliedUnlessRaw) {
  const OrderedJson chat = reply({"--prompt", "one", "--max-tokens", "1"});
  const OrderedJson raw = reply({"--prompt", "one", "--max-tokens", "1", "--raw"});
  const OrderedJson system = reply({"--prompt", "one", "--max-tokens", "1", "--system", "two"});
  EXPECT_LT(raw["prompt_tokens"].get<int>(), chat["prompt_tokens"].get<int>());
  EXPECT_GT(system["prompt_tokens"].get<int>(), chat["prompt_tokens"].get<int>());
}

TEST(Generate, WithoutJsonStandardOutputIsTheTextAlone) {
  const Words words = {"--prompt", "one", "--max-tokens", "6"};
  const Outcome outcome = run_program(generate(words));
  expect_success(outcome);
  EXPECT_EQ(outcome.out, reply(words)["text"].get<std::string>() + "\n");
}

TEST(Generate, TheSeedDecidesWhatIsSampled) {
  const Words sampled = {"--ids",   "5,6,7", "--max-tokens", "12",   "--ignore-eos", "--temp", "1.5",
                         "--top-k", "50",    "--top-p",      "0.95", "--min-p",      "0.01",   "--repetition-penalty",
                         "1.1"};
  const OrderedJson first = reply(sampled + Words{"--seed", "1"});
  EXPECT_EQ(reply(sampled + Words{"--seed", "1"})["ids"], first["ids"]);
  EXPECT_NE(reply(sampled + Words{"--seed", "2"})["ids"], first["ids"]);
}

TEST(Generate, ThreadsDontChangeTheResult) {
  const Words words = {"--ids", "5,6,7", "--max-tokens", "12", "--ignore-eos"};
  EXPECT_EQ(reply(words + Words{"--threads", "1"})["ids"], reply(words + Words{"--threads", "3"})["ids"]);
}

TEST(Generate, StopTokensAndStringsEndTheReply) {
  const OrderedJson free = reply({"--ids", "5,6,7", "--max-tokens", "8", "--ignore-eos"});
  const std::string third = std::to_string(free["ids"][2].get<int>());
  const OrderedJson stopped = reply({"--ids", "5,6,7", "--max-tokens", "8", "--stop-token", third});
  EXPECT_EQ(stopped["finish_reason"], "stop");
  EXPECT_LE(stopped["ids"].size(), 3u);
  const OrderedJson ascii = reply({"--prompt", "- one -", "--max-tokens", "40", "--ignore-eos"});
  const std::string text = ascii["text"];
  const size_t at = text.find_first_of("abcdefghijklmnopqrstuvwxyz");
  ASSERT_NE(at, std::string::npos) << text;
  const OrderedJson cut =
      reply({"--prompt", "- one -", "--max-tokens", "40", "--ignore-eos", "--stop", text.substr(at, 1)});
  EXPECT_EQ(cut["finish_reason"], "stop");
  EXPECT_EQ(cut["text"], text.substr(0, at));
}

TEST(Generate, AnAdapterChangesTheReply) {
  const Words words = {"--ids", "5,6,7", "--max-tokens", "12", "--ignore-eos"};
  EXPECT_NE(reply(words + Words{"--adapter", tiny_adapter()})["ids"], reply(words)["ids"]);
}

TEST(Generate, AGgufModelRunsDenseAndQuantized) {
  for (const char* weights : {"dense", "quantized"}) {
    const Outcome outcome = run_program(
        {"generate", "--model", tiny_gguf(), "--ids", "5,6", "--max-tokens", "3", "--json", "--weights", weights});
    expect_success(outcome);
    EXPECT_FALSE(outcome.last_json()["ids"].empty());
  }
}

TEST(Generate, TheContextEndsAReply) {
  const OrderedJson json = reply({"--ids", "5,6,7", "--max-tokens", "100000", "--ignore-eos"});
  EXPECT_EQ(json["finish_reason"], "length");
  EXPECT_EQ(json["ids"].size(), 256u - 3u);
}

TEST(Generate, ABatchOfDifferentLengthsGivesEachReplyOnItsLine) {
  const TestFolder folder;
  write_text(folder / "batch.jsonl",
             "{\"prompt\": \"one\"}\n\n{\"messages\": [{\"role\": \"user\", \"content\": \"two three apple\"}]}\n"
             "{\"ids\": [5, 6, 7]}\n");
  const Outcome outcome = run_program(
      generate({"--batch", folder / "batch.jsonl", "--max-tokens", "6", "--ignore-eos", "--max-batch", "2", "--json"}));
  expect_success(outcome);
  const std::vector<OrderedJson> lines = outcome.json_lines();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(keys_of(lines.back()), kReplyKeys);
  EXPECT_EQ(lines[0]["ids"], reply({"--prompt", "one", "--max-tokens", "6", "--ignore-eos"})["ids"]);
  EXPECT_EQ(lines[1]["ids"], reply({"--prompt", "two three apple", "--max-tokens", "6", "--ignore-eos"})["ids"]);
  EXPECT_EQ(lines[2]["ids"], reply({"--ids", "5,6,7", "--max-tokens", "6", "--ignore-eos"})["ids"]);
}

TEST(Generate, ToolsOfABatchRowReachTheTemplate) {
  const TestFolder folder;
  const fs::path model = model_copy(folder);
  write_text(model / "chat_template.jinja", "{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% endfor %}");
  const std::string message = R"("messages": [{"role": "user", "content": "one"}])";
  write_text(folder / "batch.jsonl", "{" + message + "}\n{" + message + R"(, "tools": [{"name": "f"}]})" + "\n");
  const std::vector<OrderedJson> lines =
      run_program({"generate", "--model", model, "--batch", folder / "batch.jsonl", "--max-tokens", "2", "--json"})
          .json_lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_GT(lines[1]["prompt_tokens"], lines[0]["prompt_tokens"]);
}

TEST(Generate, RepliesOfABatchAppearWhileOthersAreWritten) {
  const TestFolder folder;
  std::string rows = "{\"ids\": [5]}\n";
  for (int i = 0; i < 3000; ++i) rows += "{\"ids\": [5, 6, 7]}\n";
  write_text(folder / "batch.jsonl", rows);
  Program batch(Words{"generate", "--model", tiny_model(), "--batch", folder / "batch.jsonl", "--ignore-eos",
                      "--max-tokens", "250", "--max-batch", "1", "--json"});
  ASSERT_TRUE(batch.wait_for_output("\"finish_reason\":\"length\""));
  batch.send(SIGINT);
  EXPECT_EQ(batch.wait().code, kInterrupted);
}

TEST(Generate, ABadBatchRowIsNamedByFileAndLine) {
  const TestFolder folder;
  const std::vector<std::pair<std::string, Words>> cases = {
      {"{\"ids\": [1]}\n{\"ids\": [1,\n", {":2", "malformed JSON"}},
      {"{\"ids\": [1]}\n\n{\"text\": \"x\"}\n", {":3", "`prompt`"}},
      {"[]\n", {":1"}},
      {"{\"ids\": [1]}\n{\"ids\": \"x\"}\n", {":2"}},
      {"{\"ids\": [1]}\n{\"ids\": [1, 384]}\n", {":2", "384"}},
      {"{\"ids\": [1]}\n{\"ids\": []}\n", {":2", "no tokens"}},
      {"", {"no rows"}}};
  for (const auto& [text, parts] : cases) {
    write_text(folder / "batch.jsonl", text);
    const Outcome outcome = run_program(generate({"--batch", folder / "batch.jsonl", "--json"}));
    expect_error(outcome, kFailed, Words{"batch.jsonl"} + parts);
    EXPECT_TRUE(outcome.out.empty());
  }
}

TEST(Generate, IdsMustBeNumbersInsideTheVocabulary) {
  expect_error(run_program(generate({"--ids", "1,384"})), kFailed, {"384", "vocabulary"});
  expect_error(run_program(generate({"--ids", "-1"})), kFailed, {"-1", "vocabulary"});
  for (const char* ids : {"", ",", "1,", "1,x", "1 2", "99999999999", "1.5"})
    expect_error(run_program(generate({"--ids", ids})), kUsage, {"--ids"});
  expect_error(run_program(generate({"--ids", "1", "--stop-token", "384"})), kUsage, {"--stop-token", "384"});
}

TEST(Generate, ExactlyOnePromptIsAsked) {
  expect_error(run_program(generate({})), kUsage, {"--prompt", "--ids"});
  expect_error(run_program(generate({"--prompt", "a", "--ids", "1"})), kUsage, {"--prompt", "--ids"});
}

TEST(Generate, ASystemMessageThatWouldBeLostIsRefused) {
  expect_error(run_program(generate({"--prompt", "a", "--raw", "--system", "s"})), kUsage, {"--system", "--raw"});
  expect_error(run_program(generate({"--ids", "1", "--system", "s"})), kUsage, {"--system", "--ids"});
  const TestFolder folder;
  write_text(folder / "batch.jsonl", "{\"prompt\": \"one\"}\n{\"ids\": [5, 6, 7]}\n");
  expect_error(run_program(generate({"--batch", folder / "batch.jsonl", "--system", "s"})), kFailed,
               {"batch.jsonl:2", "--system"});
}

TEST(Generate, AnEmptyRawPromptIsAnError) {
  expect_error(run_program(generate({"--raw", "--prompt", ""})), kFailed, {"no tokens"});
}

TEST(Generate, APromptLongerThanTheContextIsAnError) {
  std::string ids = "5";
  for (int i = 0; i < 256; ++i) ids += ",5";
  expect_error(run_program(generate({"--ids", ids})), kFailed, {"257", "256"});
}

TEST(Generate, AMissingPromptFileIsAnError) {
  expect_error(run_program(generate({"--prompt-file", "/nonexistent/p.txt"})), kFailed, {"/nonexistent/p.txt"});
}

TEST(Generate, AdaptersAreLoadedStrictly) {
  expect_error(run_program(generate({"--prompt", "a", "--adapter", "/nonexistent"})), kFailed, {"/nonexistent"});
  expect_error(run_program(generate({"--prompt", "a", "--adapter", tiny_model()})), kFailed, {"adapter_config.json"});
  expect_error(run_program(generate({"--prompt", "a", "--adapter", foreign_adapter()})), kFailed,
               {"matched 0 of 42", "missing", "another shape", "[3,72]"});
}

TEST(Generate, CtrlCEndsTheReplyWith130) {
  const TestFolder folder;
  std::string rows;
  for (int i = 0; i < 4000; ++i) rows += "{\"ids\": [5, 6, 7]}\n";
  write_text(folder / "batch.jsonl", rows);
  Program batch(Words{"generate", "--model", tiny_model(), "--batch", folder / "batch.jsonl", "--ignore-eos",
                      "--max-tokens", "250", "--json"});
  ASSERT_TRUE(batch.wait_for_error("parameters"));
  batch.send(SIGINT);
  const Outcome outcome = batch.wait();
  EXPECT_TRUE(outcome.code == kInterrupted || outcome.signal == SIGINT) << outcome.code;
}

}  // namespace
}  // namespace temper::testing
