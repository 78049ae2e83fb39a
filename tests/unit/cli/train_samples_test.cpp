#include "cli/train_samples.h"

#include <gtest/gtest.h>

#include "support/golden_models.h"
#include "support/test_folder.h"

namespace temper::cli {
namespace {

const TextProcessor& sample_processor() {
  static const TextProcessor tiny = TextProcessor::open(testing::golden_path("tiny_llama/gqa_tied"));
  return tiny;
}

std::optional<TrainSample> sample_of(const std::string& json, int64_t room = 64) {
  return sample_of_row(sample_processor(), parse_ordered_json(json, "row"), room);
}

TEST(TrainSamples, AChatIsAnsweredFromItsLastTurn) {
  const auto sample = sample_of(R"({"messages": [{"role": "system", "content": "Be brief."},
      {"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "Four."}]})");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->prompt, "system: Be brief.\nuser: Two and two?");
  EXPECT_EQ(sample->expected, "Four.");
  EXPECT_TRUE(sample_processor().tokenizer().decode(sample->ids).ends_with("<|im_start|>assistant\n"));
}

TEST(TrainSamples, ACompletionIsAskedFor) {
  const auto sample = sample_of(R"({"prompt": "Two and two?", "completion": "Four."})");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->prompt, "Two and two?");
  EXPECT_EQ(sample->expected, "Four.");
}

TEST(TrainSamples, ATextIsContinuedFromItsMiddle) {
  const auto sample = sample_of(R"({"text": "Rivers run to the sea."})");
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->prompt + sample->expected, "Rivers run to the sea.");
  EXPECT_EQ(sample_processor().tokenizer().decode(sample->ids), sample->prompt);
  EXPECT_FALSE(sample->expected.empty());
}

TEST(TrainSamples, PromptsThatLeaveNoRoomAreLeftOut) {
  const std::string row = R"({"prompt": ")" + std::string(300, 'x') + R"(", "completion": "b"})";
  EXPECT_FALSE(sample_of(row, 256));
  EXPECT_FALSE(sample_of(R"({"text": "a"})")) << "nothing to continue";
  EXPECT_FALSE(sample_of(R"({"messages": [{"role": "assistant", "content": "b"}]})"));
}

TEST(TrainSamples, AreSpreadOverTheRows) {
  const testing::TestFolder folder;
  std::string text;
  for (int i = 0; i < 10; ++i)
    text += R"({"prompt": "question )" + std::to_string(i) + "\", \"completion\": \"b\"}\n\n";
  testing::write_text(folder / "valid.jsonl", text);
  const train::Dataset set = train::load_dataset(sample_processor(), folder / "valid.jsonl", {});
  const std::vector<TrainSample> samples = choose_samples(sample_processor(), set, 3, 16);
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].prompt, "question 0");
  EXPECT_EQ(samples[2].prompt, "question 6");
  EXPECT_TRUE(choose_samples(sample_processor(), set, 0, 16).empty());
  EXPECT_EQ(choose_samples(sample_processor(), set, 100, 16).size(), 10u);
}

}  // namespace
}  // namespace temper::cli
