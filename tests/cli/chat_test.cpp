// temper chat, from a pipe and at a terminal.
#include "cli/fixtures.h"
#include "cli/terminal.h"

namespace temper::testing {
namespace {

namespace fs = std::filesystem;

Words chat(const Words& more = {}) {
  return Words{"chat", "--model", tiny_model(), "--max-tokens", "4", "--temp", "0", "--dtype", "f32"} + more;
}

/// The roles of the messages that /save wrote.
Words saved_roles(const fs::path& path) {
  Words roles;
  const OrderedJson row = OrderedJson::parse(contents(path));
  for (const OrderedJson& message : row["messages"]) roles.push_back(message["role"]);
  return roles;
}

TEST(Chat, AnswersEachLineOfAPipe) {
  const Outcome outcome = run_program(chat({"--quiet"}), {.input = "one\ntwo\n"});
  expect_success(outcome);
  const OrderedJson alone = run_program({"generate", "--model", tiny_model(), "--prompt", "one", "--max-tokens", "4",
                                         "--dtype", "f32", "--json", "--quiet"})
                                .last_json();
  EXPECT_TRUE(outcome.out.starts_with(alone["text"].get<std::string>() + "\n")) << outcome.out;
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 2);
}

TEST(Chat, KeepsTheConversationAndItsSystemMessage) {
  const TestFolder folder;
  const std::string a = folder / "a.jsonl", b = folder / "b.jsonl", c = folder / "c.jsonl";
  const Outcome outcome = run_program(chat({"--system", "be red"}),
                                      {.input = "one\ntwo\n/save " + a + "\n/regenerate\n/save " + b +
                                                "\n/reset\n/system\nthree\n/save " + c + "\n/exit\nnever read\n"});
  expect_success(outcome);
  EXPECT_EQ(saved_roles(a), (Words{"system", "user", "assistant", "user", "assistant"}));
  EXPECT_EQ(contents(a), contents(b));  // greedy: the same reply again
  EXPECT_EQ(saved_roles(c), (Words{"user", "assistant"}));
  expect_success(run_program({"inspect", "--model", tiny_model(), "--data", a, "--mask-prompt", "all"}));
}

TEST(Chat, MistakesInCommandsDontEndIt) {
  const TestFolder folder;
  write_text(folder / "there", "mine");
  const std::string good = folder / "good.jsonl";
  const Outcome outcome =
      run_program(chat(), {.input = "/regenerate\n/nonsense\n/save\none\n/save /nonexistent/folder/x\n/save " +
                                    std::string(folder / "there") + "\n/help\n/save " + good + "\n"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "/nonsense: no such command"));
  EXPECT_TRUE(contains(outcome.err, "no message to answer"));
  EXPECT_TRUE(contains(outcome.err, "/nonexistent/folder/x: cannot create"));
  EXPECT_TRUE(contains(outcome.err, "exists already"));
  EXPECT_TRUE(contains(outcome.out, "/regenerate"));
  EXPECT_EQ(contents(folder / "there"), "mine");
  EXPECT_EQ(saved_roles(good), (Words{"user", "assistant"}));
}

TEST(Chat, ABackslashContinuesALine) {
  const TestFolder folder;
  const std::string path = folder / "row.jsonl";
  expect_success(run_program(chat(), {.input = "one\\\ntwo\n/save " + path + "\n"}));
  EXPECT_EQ(OrderedJson::parse(contents(path))["messages"][0]["content"], "one\ntwo");
  const Outcome cut = run_program(chat({"--quiet"}), {.input = "one\\"});  // the input ends inside the message
  expect_success(cut);
  EXPECT_FALSE(cut.out.empty());
}

TEST(Chat, ATooLongMessageIsTakenBackAndTheConversationGoesOn) {
  std::string longest;
  for (int i = 0; i < 300; ++i) longest += "red ";
  const Outcome outcome = run_program(chat({"--quiet"}), {.input = longest + "\none\n"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "context of 256")) << outcome.err;
  EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1);
}

TEST(Chat, AModelWithoutATemplateIsRefused) {
  const TestFolder folder;
  const fs::path model = model_copy(folder);
  OrderedJson config = OrderedJson::parse(contents(model / "tokenizer_config.json"));
  config.erase("chat_template");
  write_text(model / "tokenizer_config.json", config.dump());
  expect_error(run_program({"chat", "--model", model}, {.input = "one\n"}), kFailed, {"chat template"});
}

/// A chat at a terminal; its history lies in the test's folder.
class ChatTerminal : public ::testing::Test {
 protected:
  std::map<std::string, std::string> environment() const {
    return {{"TERM", "xterm"}, {"XDG_STATE_HOME", folder_ / "state"}, {"LC_ALL", "C.UTF-8"}};
  }

  TestFolder folder_;
};

TEST_F(ChatTerminal, LinesAreEditedAndRememberedAcrossRuns) {
  {
    Terminal terminal(chat(), environment());
    ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
    terminal.type("helpx\x7f\x01/\r");  // Backspace, Ctrl-A
    ASSERT_TRUE(terminal.see("another reply to your last message")) << terminal.screen();
    ASSERT_TRUE(terminal.see("> "));
    terminal.type("\x1b[A\r");
    ASSERT_TRUE(terminal.see("another reply to your last message")) << terminal.screen();
    ASSERT_TRUE(terminal.see("> "));
    terminal.type("\x04");
    EXPECT_EQ(terminal.wait(), 0) << terminal.screen();
  }
  Terminal terminal(chat(), environment());
  ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
  terminal.type("\x1b[A\r");
  EXPECT_TRUE(terminal.see("another reply to your last message")) << terminal.screen();
  ASSERT_TRUE(terminal.see("> "));
  terminal.type("/exit\r");
  EXPECT_EQ(terminal.wait(), 0) << terminal.screen();
}

TEST_F(ChatTerminal, CtrlCTwiceAtThePromptLeavesWith130) {
  Terminal terminal(chat(), environment());
  ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
  terminal.type("half a line\x03");
  ASSERT_TRUE(terminal.see("Ctrl-C once more")) << terminal.screen();
  ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait(), 130) << terminal.screen();
}

TEST_F(ChatTerminal, CtrlCStopsAReplyAndTheChatGoesOn) {
  // The tiny model with room for a reply that takes a while.
  const fs::path model = model_copy(folder_);
  OrderedJson config = OrderedJson::parse(contents(model / "config.json"));
  config["max_position_embeddings"] = 1'000'000;
  write_text(model / "config.json", config.dump());
  Terminal terminal({"chat", "--model", model, "--max-tokens", "100000", "--temp", "0", "--ignore-eos"}, environment());
  ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
  terminal.type("one\r");
  ASSERT_TRUE(terminal.see("\n")) << terminal.screen();
  ASSERT_TRUE(terminal.see("J")) << terminal.screen();  // the reply has begun
  terminal.type("\x03");
  ASSERT_TRUE(terminal.see("(stopped)")) << terminal.screen();
  ASSERT_TRUE(terminal.see("> ")) << terminal.screen();
  terminal.type("/exit\r");
  EXPECT_EQ(terminal.wait(), 0) << terminal.screen();
}

}  // namespace
}  // namespace temper::testing
