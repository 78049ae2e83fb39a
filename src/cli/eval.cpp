#include <fmt/format.h>

#include "cli/checks.h"
#include "cli/prompt_mask.h"
#include "cli/session.h"
#include "train/loss.h"

namespace temper::cli {
namespace {

struct EvalArguments {
  std::string model, adapter, data, mask = "none";
  int64_t max_tokens = 2048;
  bool json = false;
};

}  // namespace

train::PromptMask parse_mask(const std::string& name) {
  return name == "all" ? train::PromptMask::all : name == "last" ? train::PromptMask::last : train::PromptMask::none;
}

void add_eval(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("eval", "loss and perplexity on a data file");
  auto args = std::make_shared<EvalArguments>();
  add_model_options(*command, args->model, args->adapter);
  command->add_option("--data", args->data, "JSON lines, as for training")->required();
  command->add_option("--mask-prompt", args->mask, "count: none = every token, last = final reply, all = every reply")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "last", "all"}));
  command->add_option("--seq-len", args->max_tokens, "longer rows are cut")
      ->capture_default_str()
      ->check(whole_number(2));
  command->add_flag("--json", args->json, "one JSON line on standard output");
  add_device_options(*command, session);
  command->callback([&session, args] {
    session.action = [&session, args] {
      LoadedModel loaded(session, args->model, args->adapter);
      const train::Dataset dataset = train::load_dataset(
          loaded.model, args->data, {.mask = parse_mask(args->mask), .max_tokens = args->max_tokens});
      const train::EvalResult result =
          *train::evaluate(loaded.ctx(), loaded.model.language_model(), loaded.adapter_or_null(), dataset, 1024);
      const auto rows = static_cast<int64_t>(dataset.rows.size());
      if (args->json)
        print_json_line({{"loss", result.loss},
                         {"perplexity", result.perplexity},
                         {"rows", rows},
                         {"target_tokens", result.targets},
                         {"rows_cut", dataset.rows_cut}});
      else
        fmt::print("loss {:.4f}, perplexity {:.3f} over {} tokens of {} rows{}\n", result.loss, result.perplexity,
                   result.targets, rows,
                   dataset.rows_cut ? fmt::format(" ({} cut to {} tokens)", dataset.rows_cut, args->max_tokens) : "");
      loaded.runtime.report(session.device);
      return 0;
    };
  });
}

}  // namespace temper::cli
