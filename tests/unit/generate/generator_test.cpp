#include "generate/generator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "adapter/lora_adapter.h"
#include "io/safetensors.h"
#include "support/golden_models.h"
#include "support/test_folder.h"

namespace temper {
namespace {

using testing::error_of;
using testing::golden_path;
using testing::GoldenModel;

std::vector<int32_t> integers(const io::StoredTensor& tensor) {
  const std::vector<float> values = io::to_f32(tensor);
  return {values.begin(), values.end()};
}

const std::vector<std::vector<int32_t>> kPrompts = {
    {5, 9, 100, 7}, {300, 20}, {11}, {40, 41, 42, 43, 44, 45, 46, 47, 48}, {200, 201, 202}};

TEST(Generator, GreedyTokensAreThoseOfTransformers) {
  for (const char* name : {"gqa_tied", "untied_llama3rope", "mha_f16"}) {
    GoldenModel golden(std::string("tiny_llama/") + name);
    const io::SafetensorsFile reference(golden_path(std::string("tiny_llama/") + name + "/reference.safetensors"));
    for (const std::string s : {"s0", "s1", "s2"}) {
      const std::vector<std::vector<int32_t>> prompts = {integers(reference.at(s + ".input_ids"))};
      Generator generator(golden.ctx, golden.model, nullptr);
      const auto replies = generator.run(prompts, {.max_tokens = 24, .ignore_eos = true});
      const std::vector<int32_t> expected = integers(reference.at(s + ".greedy_ids"));
      const std::vector<float> gaps = io::to_f32(reference.at(s + ".greedy_gaps"));
      for (size_t i = 0; i < expected.size(); ++i) {
        if (replies[0].ids[i] == expected[i]) continue;
        EXPECT_LT(gaps[i], 1e-4f) << name << " " << s << " token " << i;  // a tie may fall either way
        break;
      }
      EXPECT_EQ(replies[0].finish_reason, "length");
      EXPECT_EQ(replies[0].prompt_tokens, static_cast<int64_t>(prompts[0].size()));
    }
  }
}

TEST(Generator, AReplyIsHandedOutWhenItEndsNotWhenAllDo) {
  GoldenModel golden;
  Generator generator(golden.ctx, golden.model, nullptr);
  std::vector<size_t> done;
  size_t pieces_after_the_first = 0;
  // Prompts share two sequences; the long one has the smallest room left in the context of 256.
  std::vector<int32_t> filling(240, 7);
  const std::vector<std::vector<int32_t>> prompts = {{5, 9}, filling, {11}};
  const std::vector<Reply> replies = generator.run(
      prompts, {.max_tokens = 60, .ignore_eos = true, .max_batch = 2},
      [&](size_t prompt, std::string_view) { pieces_after_the_first += !done.empty() && prompt == 0; }, nullptr,
      [&](size_t prompt, const Reply& reply) {
        done.push_back(prompt);
        EXPECT_EQ(reply.finish_reason, "length");
        EXPECT_EQ(reply.ids.size(), prompt == 1 ? 16u : 60u);
      });
  EXPECT_EQ(done, (std::vector<size_t>{1, 0, 2}));
  EXPECT_GT(pieces_after_the_first, 10u);
  EXPECT_EQ(replies[1].ids.size(), 16u);
}

TEST(Generator, ADecodedTokenTakesMemoryFromThePoolOnly) {
  for (const StreamOptions& mode : {StreamOptions{}, StreamOptions{.deferred = true, .shuffle_seed = 1}}) {
    GoldenModel golden;
    Context ctx(golden.backend, mode);
    const Counters& counters = ctx.counters();
    std::vector<int64_t> created, peak, reused;
    Generator generator(ctx, golden.model, nullptr);
    generator.run(std::span(kPrompts).first(1), {.max_tokens = 30, .ignore_eos = true}, [&](size_t, std::string_view) {
      created.push_back(counters.buffers_created);
      peak.push_back(counters.peak_bytes);
      reused.push_back(counters.buffers_reused);
    });
    ASSERT_GT(created.size(), 6u);
    EXPECT_EQ(created[2], created.back());
    EXPECT_EQ(peak[2], peak.back());
    EXPECT_LT(reused[2], reused.back());
  }
}

TEST(Generator, ABatchGivesTheRepliesOfSinglePrompts) {
  GoldenModel golden;
  GenerateOptions options{.max_tokens = 16};
  std::vector<Reply> single;
  for (const auto& prompt : kPrompts) {
    Generator generator(golden.ctx, golden.model, nullptr);
    single.push_back(generator.run(std::span(&prompt, 1), options)[0]);
  }
  // Two at a time: prompts wait and take over sequences that others used.
  for (const int64_t max_batch : {2, 8}) {
    options.max_batch = max_batch;
    Generator generator(golden.ctx, golden.model, nullptr);
    const auto batch = generator.run(kPrompts, options);
    ASSERT_EQ(batch.size(), single.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(batch[i].ids, single[i].ids) << "prompt " << i << ", " << max_batch << " at a time";
      EXPECT_EQ(batch[i].text, single[i].text);
      EXPECT_EQ(batch[i].finish_reason, single[i].finish_reason);
    }
  }
}

TEST(Generator, StreamedPiecesMakeUpTheReplies) {
  GoldenModel golden;
  std::vector<std::string> streamed(kPrompts.size());
  Generator generator(golden.ctx, golden.model, nullptr);
  const auto replies = generator.run(kPrompts, {.max_tokens = 20, .ignore_eos = true},
                                     [&](size_t prompt, std::string_view text) { streamed[prompt] += text; });
  for (size_t i = 0; i < replies.size(); ++i) EXPECT_EQ(streamed[i], replies[i].text);
}

TEST(Generator, DrawsDependOnTheSeedAlone) {
  GoldenModel golden;
  const auto draw = [&](uint64_t seed) {
    Generator generator(golden.ctx, golden.model, nullptr);
    return generator
        .run(std::span(kPrompts).first(1),
             {.max_tokens = 24, .sampling = {.temperature = 1.5f}, .seed = seed, .ignore_eos = true})[0]
        .ids;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

TEST(Generator, AStopTokenEndsAReplyAndIsCounted) {
  GoldenModel golden;
  Generator first(golden.ctx, golden.model, nullptr);
  const Reply free = first.run(std::span(kPrompts).first(1), {.max_tokens = 12, .ignore_eos = true})[0];
  Generator second(golden.ctx, golden.model, nullptr);
  const int32_t stop = free.ids[5];
  const Reply reply = second.run(std::span(kPrompts).first(1), {.max_tokens = 12, .stop_tokens = {stop}})[0];
  EXPECT_EQ(reply.ids.back(), stop);
  EXPECT_EQ(reply.finish_reason, "stop");
  EXPECT_LE(reply.ids.size(), 6u);
}

TEST(Generator, AStopStringEndsAReplyBeforeIt) {
  GoldenModel golden;
  Generator first(golden.ctx, golden.model, nullptr);
  const Reply free = first.run(std::span(kPrompts).first(1), {.max_tokens = 24, .ignore_eos = true})[0];
  ASSERT_GT(free.text.size(), 8u);
  std::string stop = free.text.substr(free.text.size() / 2, 3);
  Generator second(golden.ctx, golden.model, nullptr);
  const Reply reply =
      second.run(std::span(kPrompts).first(1), {.max_tokens = 24, .stop_strings = {stop}, .ignore_eos = true})[0];
  EXPECT_EQ(reply.text, free.text.substr(0, free.text.find(stop)));
  EXPECT_EQ(reply.finish_reason, "stop");
}

TEST(Generator, TheContextIsNeverPassed) {
  GoldenModel golden("tiny_llama/mha_f16");  // context 128
  const std::vector<std::vector<int32_t>> prompts = {std::vector<int32_t>(120, 7)};
  Generator generator(golden.ctx, golden.model, nullptr);
  const Reply reply = generator.run(prompts, {.max_tokens = 50, .ignore_eos = true})[0];
  EXPECT_EQ(reply.ids.size(), 8u);
  EXPECT_EQ(reply.finish_reason, "length");
}

TEST(Generator, AnInterruptEndsAllRepliesWithWhatTheyHave) {
  GoldenModel golden;
  std::atomic<bool> stop = false;
  size_t pieces = 0;
  Generator generator(golden.ctx, golden.model, nullptr);
  const auto replies = generator.run(
      kPrompts, {.max_tokens = 100, .ignore_eos = true, .max_batch = 2},
      [&](size_t, std::string_view) {
        if (++pieces == 10) stop = true;
      },
      &stop);
  for (const Reply& reply : replies) {
    EXPECT_LT(reply.ids.size(), 100u);
    EXPECT_EQ(reply.finish_reason, "interrupted");
  }
}

TEST(Generator, PromptsThatCantBeContinuedAreRefused) {
  GoldenModel golden;
  const auto message_for = [&](std::vector<int32_t> prompt) {
    const std::vector<std::vector<int32_t>> prompts = {{1, 2}, std::move(prompt)};
    return error_of([&] { Generator(golden.ctx, golden.model, nullptr).run(prompts, {}); });
  };
  EXPECT_TRUE(message_for({}).starts_with("prompt 2: no tokens"));
  EXPECT_TRUE(message_for({5, 384}).starts_with("prompt 2: token id 384"));
  EXPECT_TRUE(message_for({-1}).starts_with("prompt 2: token id -1"));
  EXPECT_TRUE(message_for(std::vector<int32_t>(257, 3)).starts_with("prompt 2: 257 tokens"));
}

TEST(ScoreTokens, LogProbabilitiesAreThoseOfTransformers) {
  GoldenModel golden;
  const io::SafetensorsFile reference(golden_path("tiny_llama/gqa_tied/reference.safetensors"));
  const auto logprobs =
      score_tokens(golden.ctx, golden.language_model(), nullptr, integers(reference.at("s2.input_ids")));
  const std::vector<float> expected = io::to_f32(reference.at("s2.next_logprobs"));
  ASSERT_EQ(logprobs.size(), expected.size() + 1);
  EXPECT_TRUE(std::isnan(logprobs[0]));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(logprobs[i + 1], expected[i], 1e-4);
}

}  // namespace
}  // namespace temper
