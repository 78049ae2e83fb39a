#include "generate/generator.h"

#include <atomic>
#include <cstdio>
#include <optional>

#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/checks.h"
#include "cli/prompts.h"
#include "cli/sampling_options.h"
#include "cli/session.h"

namespace temper::cli {
namespace {

struct GenerateArguments {
  std::string model, adapter, prompt;
  std::optional<std::string> prompt_file, ids, batch;
  PromptStyle style;
  bool json = false;
  GenerateOptions options;
};

OrderedJson reply_json(const Reply& reply) {
  return {{"ids", reply.ids},
          {"text", reply.text},
          {"finish_reason", reply.finish_reason},
          {"prompt_tokens", reply.prompt_tokens}};
}

void add_speeds(OrderedJson& json, const GenerateStats& stats) {
  json["prompt_tokens_per_s"] = stats.prompt_tokens_per_s();
  json["decode_tokens_per_s"] = stats.decode_tokens_per_s();
}

/// Prints replies in the order of their prompts, each as soon as those before it are there.
class BatchPrinter {
 public:
  BatchPrinter(size_t count, bool json) : waiting_(count), json_(json) {}

  void add(size_t prompt, const Reply& reply) {
    waiting_[prompt] = reply;
    // The last one comes with the speeds, which are known when the run is over.
    while (next_ + 1 < waiting_.size() && waiting_[next_]) print(nullptr);
  }
  void finish(const GenerateStats& stats) {
    while (next_ < waiting_.size()) print(next_ + 1 == waiting_.size() ? &stats : nullptr);
  }

 private:
  void print(const GenerateStats* stats) {
    const Reply& reply = waiting_[next_].value();
    if (json_) {
      OrderedJson json = reply_json(reply);
      if (stats) add_speeds(json, *stats);
      print_json_line(json);
    } else {
      fmt::print("{}{}\n", next_ ? "\n" : "", reply.text);
    }
    std::fflush(stdout);
    waiting_[next_++] = Reply();  // its text is of no more use
  }

  std::vector<std::optional<Reply>> waiting_;
  size_t next_ = 0;
  bool json_;
};

int generate_batch(LoadedModel& loaded, const GenerateArguments& args) {
  Generator generator(loaded.ctx(), loaded.model, loaded.adapter_or_null());
  const auto prompts = parse_batch(loaded.model, args.style, read_file(*args.batch), *args.batch);
  catch_interrupts();
  BatchPrinter printer(prompts.size(), args.json);
  generator.run(prompts, args.options, {}, &interrupted(),
                [&](size_t prompt, const Reply& reply) { printer.add(prompt, reply); });
  printer.finish(generator.stats());
  if (interrupted()) fail(ErrorCode::interrupted, "generate: interrupted; the replies above are incomplete");
  return 0;
}

int generate_one(LoadedModel& loaded, const GenerateArguments& args) {
  std::vector<std::vector<int32_t>> prompts;
  if (args.ids)
    prompts = {parse_ids(*args.ids)};
  else if (args.prompt_file)
    prompts = {prompt_ids(loaded.model, args.style, read_file(*args.prompt_file))};
  else
    prompts = {prompt_ids(loaded.model, args.style, args.prompt == "-" ? read_stdin() : args.prompt)};
  Generator generator(loaded.ctx(), loaded.model, loaded.adapter_or_null());
  TextCallback show;
  if (!args.json)
    show = [](size_t, std::string_view text) {
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fflush(stdout);
    };
  catch_interrupts();
  const std::vector<Reply> replies = generator.run(prompts, args.options, show, &interrupted());
  const GenerateStats& stats = generator.stats();
  if (args.json) {
    OrderedJson json = reply_json(replies[0]);
    add_speeds(json, stats);
    print_json_line(json);
  } else {
    fmt::print("\n");
    std::fflush(stdout);
    log::info("{} prompt tokens at {:.0f} tokens/s, {} new at {:.1f} tokens/s ({})", stats.prompt_tokens,
              stats.prompt_tokens_per_s(), replies[0].ids.size(), stats.decode_tokens_per_s(),
              replies[0].finish_reason == "stop" ? "the model ended its reply" : "stopped at --max-tokens");
  }
  if (interrupted()) fail(ErrorCode::interrupted, "generate: interrupted");
  return 0;
}

/// What can be refused before a model is loaded.
void check_arguments(const GenerateArguments& args) {
  if (args.ids) parse_ids(*args.ids);
  if (!args.style.system.empty() && args.ids)
    fail(ErrorCode::usage, "--system goes with --prompt, --prompt-file or --batch; with --ids it would be lost");
  if (!args.style.system.empty() && args.style.raw)
    fail(ErrorCode::usage, "--system needs the chat template; drop --raw");
}

void check_stop_tokens(const LanguageModel& model, const GenerateOptions& options) {
  for (const int32_t id : options.stop_tokens)
    if (id < 0 || id >= model.config().vocab_size)
      fail(ErrorCode::usage, "--stop-token {}: is outside of the vocabulary of {}", id, model.config().vocab_size);
}

}  // namespace

void add_sampling_options(CLI::App& command, GenerateOptions& options) {
  SampleAttrs& s = options.sampling;
  command.add_option("--max-tokens", options.max_tokens, "new tokens at most")
      ->capture_default_str()
      ->check(whole_number(1));
  const std::string group = "Sampling";
  command.add_option("--temp", s.temperature, "0: always the most likely token")
      ->capture_default_str()
      ->check(number(0, 100))
      ->group(group);
  command.add_option("--top-k", s.top_k, "keep the k most likely; 0: all")
      ->capture_default_str()
      ->check(whole_number(0, std::numeric_limits<int32_t>::max()))
      ->group(group);
  command.add_option("--top-p", s.top_p, "keep the most likely that make up this probability")
      ->capture_default_str()
      ->check(number(0, 1, Ends::low_open))
      ->group(group);
  command.add_option("--min-p", s.min_p, "keep those at least so likely against the best")
      ->capture_default_str()
      ->check(number(0, 1))
      ->group(group);
  command.add_option("--repetition-penalty", options.repetition_penalty, "above 1: repeat less")
      ->capture_default_str()
      ->check(number(0, 100, Ends::low_open))
      ->group(group);
  command.add_option("--seed", options.seed, "of the draws")
      ->capture_default_str()
      ->check(whole_number(0))
      ->group(group);
  command.add_option("--stop", options.stop_strings, "text that ends the reply (repeatable)")
      ->check(not_empty())
      ->group(group);
  command.add_option("--stop-token", options.stop_tokens, "token id that ends the reply (repeatable)")->group(group);
  command.add_flag("--ignore-eos", options.ignore_eos, "go on to --max-tokens whatever comes")->group(group);
}

void add_generate(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("generate", "continue a prompt, or a batch of prompts");
  auto args = std::make_shared<GenerateArguments>();
  add_model_options(*command, args->model, args->adapter);
  CLI::Option_group* prompts = command->add_option_group("Prompt", "exactly one of:");
  prompts->add_option("--prompt", args->prompt, "the text; - reads standard input");
  prompts->add_option("--prompt-file", args->prompt_file, "a file with the text");
  prompts->add_option("--ids", args->ids, "token ids: 1,2,3");
  prompts->add_option("--batch", args->batch, "JSON lines with `messages`, `prompt` or `ids`, decoded side by side");
  prompts->require_option(1);
  command->add_option("--system", args->style.system, "system message for the chat template");
  command->add_flag("--raw", args->style.raw, "continue the text as it is, without the chat template");
  command->add_flag("--json", args->json, "one JSON line a reply, nothing else on standard output");
  command->add_option("--max-batch", args->options.max_batch, "prompts decoded side by side")
      ->capture_default_str()
      ->check(whole_number(1));
  add_sampling_options(*command, args->options);
  add_device_options(*command, session);
  command->callback([&session, args] {
    session.action = [&session, args] {
      check_arguments(*args);
      LoadedModel loaded(session, args->model, args->adapter);
      check_stop_tokens(loaded.model.language_model(), args->options);
      const int code = !args->batch ? generate_one(loaded, *args) : generate_batch(loaded, *args);
      loaded.runtime.report(session.device);
      return code;
    };
  });
}

}  // namespace temper::cli
