#include "generate/generator.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/fail.h"
#include "device/transfer.h"
#include "generate/reply_text.h"
#include "ops/argmax.h"
#include "ops/gather_rows.h"
#include "ops/linear_cross_entropy.h"

namespace temper {
namespace {

/// A prompt on its way through one sequence of the cache.
struct Slot {
  size_t prompt;
  int64_t sequence;
  int64_t room;                  // tokens that may still be generated
  std::vector<int32_t> next;     // tokens for the next forward pass: the prompt, then one at a time
  std::vector<int32_t> history;  // all tokens so far
  ReplyText text;
};

Tensor history_tensor(Context& ctx, const std::vector<Slot>& slots) {
  size_t longest = 1;
  for (const Slot& slot : slots) longest = std::max(longest, slot.history.size());
  std::vector<int32_t> rows;
  for (const Slot& slot : slots) {
    rows.insert(rows.end(), slot.history.begin(), slot.history.end());
    rows.insert(rows.end(), longest - slot.history.size(), -1);
  }
  return upload(ctx, rows, {static_cast<int64_t>(slots.size()), static_cast<int64_t>(longest)});
}

}  // namespace

void check_prompt(const io::ModelConfig& config, std::span<const int32_t> ids, std::string_view where) {
  if (ids.empty()) fail(ErrorCode::invalid_argument, "{}: no tokens; there is nothing to continue", where);
  if (static_cast<int64_t>(ids.size()) > config.max_position_embeddings)
    fail(ErrorCode::invalid_argument, "{}: {} tokens are more than the model's context of {}", where, ids.size(),
         config.max_position_embeddings);
  for (const int32_t id : ids)
    if (id < 0 || id >= config.vocab_size)
      fail(ErrorCode::numeric, "{}: token id {} is outside of the vocabulary of {}", where, id, config.vocab_size);
}

std::vector<Reply> Generator::run(std::span<const std::vector<int32_t>> prompts, const GenerateOptions& options,
                                  const TextCallback& on_text, const std::atomic<bool>* stop,
                                  const ReplyCallback& on_reply) {
  const LanguageModel& model = model_.language_model();
  const io::ModelConfig& config = model.config();
  std::vector<Reply> replies(prompts.size());
  int64_t capacity = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    check_prompt(config, prompts[i], fmt::format("prompt {}", i + 1));
    replies[i].prompt_tokens = static_cast<int64_t>(prompts[i].size());
    capacity =
        std::max(capacity, std::min(config.max_position_embeddings, replies[i].prompt_tokens + options.max_tokens));
  }
  if (prompts.empty() || options.max_tokens < 1) {
    for (size_t i = 0; i < replies.size(); ++i) {
      replies[i].finish_reason = "length";
      if (on_reply) on_reply(i, replies[i]);
    }
    return replies;
  }
  const auto sequences =
      std::min<int64_t>(std::max<int64_t>(1, options.max_batch), static_cast<int64_t>(prompts.size()));
  KvCache cache(ctx_, model.cache_geometry(), model.compute_dtype(), sequences, capacity);

  std::vector<int64_t> free_sequences;
  for (int64_t s = sequences; s > 0; --s) free_sequences.push_back(s - 1);
  std::vector<Slot> slots;
  size_t waiting = 0;
  for (uint64_t step = 0; !slots.empty() || waiting < prompts.size(); ++step) {
    int64_t fresh_tokens = 0;
    while (waiting < prompts.size() && !free_sequences.empty()) {
      const std::vector<int32_t>& prompt = prompts[waiting];
      const auto length = static_cast<int64_t>(prompt.size());
      const int64_t sequence = free_sequences.back();
      free_sequences.pop_back();
      cache.truncate(sequence, 0);
      slots.push_back({waiting, sequence, std::min(options.max_tokens, capacity - length), prompt, prompt,
                       ReplyText(model_.tokenizer(), options.stop_strings)});
      fresh_tokens += length;
      ++waiting;
    }

    const auto start = std::chrono::steady_clock::now();
    std::vector<int64_t> batch_sequences;
    std::vector<std::vector<int32_t>> tokens;
    std::vector<int32_t> last_rows;
    int32_t total = 0;
    for (Slot& slot : slots) {
      batch_sequences.push_back(slot.sequence);
      total += static_cast<int32_t>(slot.next.size());
      last_rows.push_back(total - 1);
      tokens.push_back(std::move(slot.next));
    }
    ctx_.begin_step(options.seed, step);
    const TokenBatch batch = cache.append(ctx_, batch_sequences, tokens);
    Tensor hidden = model.hidden(ctx_, batch, {.adapter = adapter_, .cache = &cache});
    const auto rows = static_cast<int64_t>(slots.size());
    if (total != rows) hidden = gather_rows(ctx_, hidden, upload(ctx_, last_rows, {rows}));
    Tensor logits = model.logits(ctx_, hidden);  // [rows, vocab]
    if (options.repetition_penalty != 1.0f)
      logits = repetition_penalty(ctx_, logits, history_tensor(ctx_, slots), options.repetition_penalty);
    const Tensor chosen =
        options.sampling.temperature == 0.0f ? argmax(ctx_, logits) : sample(ctx_, logits, options.sampling);
    const std::vector<int32_t> ids = read<int32_t>(ctx_, chosen);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (fresh_tokens > 0) {
      stats_.prompt_tokens += fresh_tokens;
      stats_.prompt_seconds += seconds;
    } else {
      stats_.decoded_tokens += rows;
      stats_.decode_seconds += seconds;
    }

    const bool interrupted = stop && stop->load();  // once a step: it ends all replies or none
    std::vector<Slot> going;
    for (size_t i = 0; i < slots.size(); ++i) {
      Slot& slot = slots[i];
      Reply& reply = replies[slot.prompt];
      const int32_t id = ids[i];
      reply.ids.push_back(id);
      const bool ends =
          !options.ignore_eos && (model_.stop_tokens().contains(id) ||
                                  std::ranges::find(options.stop_tokens, id) != options.stop_tokens.end());
      std::string text = ends ? std::string() : slot.text.push(id);
      const bool full = --slot.room <= 0 || interrupted;
      const bool done = ends || slot.text.stopped() || full;
      if (done) {
        text += slot.text.finish();
        reply.finish_reason = ends || slot.text.stopped() ? "stop" : interrupted ? "interrupted" : "length";
        free_sequences.push_back(slot.sequence);
      }
      reply.text += text;
      if (on_text && !text.empty()) on_text(slot.prompt, text);
      if (done && on_reply) on_reply(slot.prompt, reply);
      if (done) continue;
      slot.next = {id};
      slot.history.push_back(id);
      going.push_back(std::move(slot));
    }
    slots = std::move(going);
    if (interrupted) break;
  }
  for (size_t i = 0; i < replies.size(); ++i) {  // prompts that were never begun
    if (!replies[i].finish_reason.empty()) continue;
    replies[i].finish_reason = "interrupted";
    if (on_reply) on_reply(i, replies[i]);
  }
  return replies;
}

std::vector<double> score_tokens(Context& ctx, const LanguageModel& model, const BoundAdapter* adapter,
                                 const std::vector<int32_t>& ids) {
  check_prompt(model.config(), ids, "score");
  std::vector<double> logprobs = {std::numeric_limits<double>::quiet_NaN()};
  if (ids.size() == 1) return logprobs;
  const std::vector<std::vector<int32_t>> inputs = {{ids.begin(), ids.end() - 1}};
  const TokenBatch batch = make_token_batch(ctx, inputs);
  const Tensor hidden = model.hidden(ctx, batch, {.adapter = adapter});
  const Tensor targets = upload(ctx, std::span<const int32_t>(ids).subspan(1), {static_cast<int64_t>(ids.size()) - 1});
  for (const float loss : read<float>(ctx, linear_cross_entropy_rows(ctx, hidden, model.head(), targets)))
    logprobs.push_back(-double{loss});
  return logprobs;
}

}  // namespace temper
