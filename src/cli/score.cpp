#include <cmath>

#include <fmt/format.h>

#include "cli/session.h"
#include "generate/generator.h"

namespace temper::cli {
namespace {

struct ScoreArguments {
  std::string model, adapter, text;
  std::optional<std::string> ids;
  bool json = false;
};

int score(const Session& session, const ScoreArguments& args) {
  std::vector<int32_t> ids;
  if (args.ids) ids = parse_ids(*args.ids);
  LoadedModel loaded(session, args.model, args.adapter);
  if (!args.ids) ids = loaded.model.tokenizer().encode_with_special(args.text == "-" ? read_stdin() : args.text);
  const std::vector<double> logprobs =
      score_tokens(loaded.ctx(), loaded.model.language_model(), loaded.adapter_or_null(), ids);
  double total = 0;
  OrderedJson values = OrderedJson::array({nullptr});
  for (size_t i = 1; i < logprobs.size(); ++i) {
    total += logprobs[i];
    values.push_back(logprobs[i]);
  }
  if (args.json) {
    print_json_line({{"ids", ids}, {"logprobs", values}});
  } else {
    for (size_t i = 0; i < ids.size(); ++i)
      fmt::print("{:>8}  {:>10}  {}\n", ids[i], i ? fmt::format("{:.4f}", logprobs[i]) : "",
                 OrderedJson(loaded.model.tokenizer().bytes_of(ids[i]))
                     .dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
    const auto scored = static_cast<double>(ids.size()) - 1;
    if (scored > 0)
      fmt::print("mean log-probability {:.4f}, perplexity {:.3f}\n", total / scored, std::exp(-total / scored));
  }
  loaded.runtime.report(session.device);
  return 0;
}

}  // namespace

void add_score(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("score", "log-probability of each token of a text");
  auto args = std::make_shared<ScoreArguments>();
  add_model_options(*command, args->model, args->adapter);
  CLI::Option_group* input = command->add_option_group("Input", "exactly one of:");
  input->add_option("--ids", args->ids, "token ids: 1,2,3");
  input->add_option("--text", args->text, "the text; - reads standard input");
  input->require_option(1);
  command->add_flag("--json", args->json, "{\"ids\":[...],\"logprobs\":[null,...]}, natural logs");
  add_device_options(*command, session);
  command->callback([&session, args] { session.action = [&session, args] { return score(session, *args); }; });
}

}  // namespace temper::cli
