#include <cstdio>

#include "base/fail.h"
#include "cli/session.h"

namespace temper::cli {

void add_template(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("template", "render messages with the model's chat template");
  struct Arguments {
    std::string model;
    bool no_generation_prompt = false;
  };
  auto args = std::make_shared<Arguments>();
  command->add_option("--model", args->model, "Hugging Face folder or .gguf file")->required();
  command->add_flag("--no-generation-prompt", args->no_generation_prompt, "end after the last message");
  command->footer(
      "Standard input: a JSON list of messages, or an object {\"messages\": [...], \"tools\": [...]};\n"
      "standard output: the rendered text.");
  add_unused_device_options(*command, session);
  command->callback([&session, args] {
    session.action = [args] {
      const io::Checkpoint checkpoint = io::Checkpoint::open(args->model);
      const auto chat_template = load_chat_template(checkpoint);
      if (!chat_template) fail(ErrorCode::unsupported, "{}: the model has no chat template", args->model);
      OrderedJson input = parse_ordered_json(read_stdin(), "standard input");
      if (input.is_array()) input = {{"messages", std::move(input)}};
      if (!input.is_object() || !input.contains("messages"))
        fail(ErrorCode::data, "standard input: neither a list of messages nor an object with `messages`");
      const Conversation conversation = conversation_of(input, "standard input");
      const std::string text =
          render_chat(*chat_template, load_tokenizer(checkpoint), conversation, !args->no_generation_prompt).text;
      std::fwrite(text.data(), 1, text.size(), stdout);
      return 0;
    };
  });
}

}  // namespace temper::cli
