// temper eval, inspect: data files of every format, good and bad.
#include <cmath>

#include "cli/fixtures.h"

namespace temper::testing {
namespace {

Words eval(const std::string& data, const Words& more = {}) {
  return Words{"eval", "--model", tiny_model(), "--quiet", "--dtype", "f32", "--data", data} + more;
}

Words inspect(const std::string& data, const Words& more = {}) {
  return Words{"inspect", "--model", tiny_model(), "--data", data} + more;
}

TEST(Eval, PrintsLossAndPerplexity) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", chat_rows(5, 3));
  const Outcome outcome = run_program(eval(folder / "rows.jsonl", {"--json"}));
  expect_success(outcome);
  EXPECT_EQ(outcome.json_lines().size(), 1u);
  const OrderedJson json = outcome.last_json();
  const auto loss = json["loss"].get<double>();
  EXPECT_GT(loss, 0.0);
  EXPECT_NEAR(json["perplexity"].get<double>(), std::exp(loss), 1e-9 * std::exp(loss));
  EXPECT_EQ(json["rows"], 5);
  EXPECT_EQ(json["rows_cut"], 0);
  const Outcome text = run_program(eval(folder / "rows.jsonl"));
  EXPECT_TRUE(text.out.starts_with("loss ")) << text.out;
  const OrderedJson adapted =
      run_program(eval(folder / "rows.jsonl", {"--json", "--adapter", tiny_adapter()})).last_json();
  EXPECT_NE(adapted["loss"], json["loss"]);
}

TEST(Eval, AMaskLeavesFewerTokens) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", chat_rows(5, 3));
  const auto tokens = [&](const char* mask) {
    return run_program(eval(folder / "rows.jsonl", {"--json", "--mask-prompt", mask}))
        .last_json()["target_tokens"]
        .get<int>();
  };
  EXPECT_LT(tokens("last"), tokens("none"));
  EXPECT_EQ(tokens("last"), tokens("all"));  // one assistant message a row
}

TEST(Eval, RowsThatAreCutAreCounted) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", chat_rows(5, 3));
  EXPECT_EQ(run_program(eval(folder / "rows.jsonl", {"--json", "--seq-len", "20"})).last_json()["rows_cut"], 5);
}

TEST(Eval, AFolderIsToldToBeOne) {
  const TestFolder folder;
  expect_error(run_program(eval(data_folder(folder))), kFailed, {"folder", "valid.jsonl"});
}

TEST(Inspect, MarksTheTrainedTokensOfEachFormat) {
  const TestFolder folder;
  const std::string chat = R"({"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two"},)"
                           R"({"role":"user","content":"red"},{"role":"assistant","content":"was"}]})";
  write_text(folder / "chat.jsonl", chat + "\n");
  const auto out = [&](const std::string& file, const Words& more) {
    const Outcome outcome = run_program(inspect(folder / file, more));
    expect_success(outcome);
    return outcome.out;
  };
  const std::string last = out("chat.jsonl", {"--mask-prompt", "last"});
  EXPECT_TRUE(contains(last, "⟦was<|im_end|>")) << last;
  EXPECT_FALSE(contains(last, "⟦two")) << last;
  const std::string all = out("chat.jsonl", {"--mask-prompt", "all"});
  EXPECT_TRUE(contains(all, "⟦two<|im_end|>") && contains(all, "⟦was<|im_end|>")) << all;
  EXPECT_TRUE(contains(out("chat.jsonl", {}), "<|im_start|>⟦user"));

  write_text(folder / "pairs.jsonl", "{\"prompt\":\"one\",\"completion\":\"two\"}\n");
  EXPECT_TRUE(contains(out("pairs.jsonl", {"--mask-prompt", "last"}), "⟦two<|im_end|>"));
  write_text(folder / "text.jsonl", "{\"text\":\"one two\"}\n");
  EXPECT_TRUE(contains(out("text.jsonl", {}), "<|im_end|>⟧"));
}

TEST(Inspect, JsonLinesHoldARowEach) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", "\n" + chat_rows(4, 3));
  const Outcome outcome = run_program(inspect(folder / "rows.jsonl", {"--json", "--all", "--mask-prompt", "last"}));
  expect_success(outcome);
  const std::vector<OrderedJson> lines = outcome.json_lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["line"], 2);
  for (const OrderedJson& line : lines) {
    EXPECT_EQ(line["ids"].size(), line["trained"].size());
    EXPECT_EQ(line["tokens"], line["ids"].size());
    int trained = 0;
    for (const OrderedJson& mark : line["trained"]) trained += mark.get<int>();
    EXPECT_EQ(line["trained_tokens"], trained);
    EXPECT_EQ(line["trained"][0], 0);
  }
}

TEST(Inspect, ControlCharactersDontReachTheTerminal) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", "{\"text\":\"a\\u001b[31mb\\u0007\"}\n");
  const Outcome outcome = run_program(inspect(folder / "rows.jsonl"));
  expect_success(outcome);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(outcome.out.find('\x07'), std::string::npos);
}

TEST(Inspect, CutRowsAndMissingStopsAreSaid) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", chat_rows(5, 3));
  const Outcome outcome = run_program(inspect(folder / "rows.jsonl", {"--seq-len", "20"}));
  expect_success(outcome);
  EXPECT_TRUE(contains(outcome.out, "rows cut: 5")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "raise --seq-len")) << outcome.out;
}

/// A bad row is told with its file and line by everything that reads data.
TEST(Data, ABadRowIsNamedByFileAndLine) {
  const TestFolder folder;
  const std::string good = "{\"text\":\"one\"}\n";
  const std::string chat = R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})"
                           "\n";
  struct Case {
    std::string text;
    Words parts, options = {};
  };
  const std::vector<Case> cases = {
      {good + "{\"text\":\"x\"\n", {":2", "malformed JSON"}},
      {good + "\n" + good + "{\"text\":3}\n", {":4", "`text`", "string"}},
      {good + chat, {":2", "messages", "text"}},
      {"[1]\n", {":1", "JSON object"}},
      {"{\"foo\":\"x\"}\n", {":1", "foo", "`messages`"}},
      {"{}\n", {":1", "no key"}},
      {chat + R"({"messages":[]})"
              "\n",
       {":2", "at least one message"}},
      {chat + R"({"messages":"x"})"
              "\n",
       {":2", "list"}},
      {chat + R"({"messages":[{"content":"x"}]})"
              "\n",
       {":2", "`role`"}},
      {chat + R"({"messages":[{"role":"user"}]})"
              "\n",
       {":2", "`content`"}},
      {chat + R"({"messages":[{"role":"user","content":"x"}]})"
              "\n",
       {":2", "no assistant message"},
       {"--mask-prompt", "last"}},
      {good, {":1", "no prompt to mask"}, {"--mask-prompt", "last"}},
      {good + "{\"text\":\"\"}\n", {":2", "no token to train on"}},
      {chat, {":1", "no token to train on", "--seq-len"}, {"--mask-prompt", "last", "--seq-len", "8"}},
      {"{\"text\":\"x\xff\"}\n", {":1", "UTF-8"}},
      {"{\"prompt\":\"x\",\"completion\":4}\n", {":1", "`completion`", "string"}},
      {"", {"no rows"}},
      {"\n \n", {"no rows"}}};
  for (const Case& c : cases) {
    const std::string path = folder / "train.jsonl";
    write_text(path, c.text);
    expect_error(run_program(inspect(path, c.options)), kFailed, Words{"train.jsonl"} + c.parts);
  }
  // The same reader serves eval and train.
  write_text(folder / "train.jsonl", good + "{\"text\":3}\n");
  expect_error(run_program(eval(folder / "train.jsonl", {"--json"})), kFailed, {"train.jsonl:2", "`text`"});
  expect_error(run_program({"train", "--model", tiny_model(), "--data", folder.path(), "--out", folder / "out"}),
               kFailed, {"train.jsonl:2", "`text`"});
}

TEST(Data, AByteOrderMarkIsNoError) {
  const TestFolder folder;
  write_text(folder / "rows.jsonl", "\xef\xbb\xbf{\"text\":\"one\"}\r\n{\"text\":\"two\"}");
  expect_success(run_program(inspect(folder / "rows.jsonl")));
}

}  // namespace
}  // namespace temper::testing
