#include <iostream>

#include "base/fail.h"
#include "cli/session.h"

namespace temper::cli {

void add_tokenize(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("tokenize", "text to token ids");
  struct Arguments {
    std::string model;
    bool jsonl = false;
  };
  auto args = std::make_shared<Arguments>();
  command->add_option("--model", args->model, "Hugging Face folder or .gguf file")->required();
  command->add_flag("--jsonl", args->jsonl,
                    "standard input: a JSON string a line; standard output: a JSON array of ids a line. Without it the "
                    "whole input is one text");
  add_unused_device_options(*command, session);
  command->callback([&session, args] {
    session.action = [args] {
      const text::Tokenizer tokenizer = load_tokenizer(io::Checkpoint::open(args->model));
      if (!args->jsonl) {
        print_json_line(tokenizer.encode(read_stdin()));
        return 0;
      }
      std::string line;
      for (int64_t number = 1; std::getline(std::cin, line); ++number) {
        const std::string where = fmt::format("standard input:{}", number);
        const Json json = parse_json(line, where);
        if (!json.is_string()) fail(ErrorCode::data, "{}: a JSON string is expected", where);
        print_json_line(tokenizer.encode(json.get_ref<const std::string&>()));
      }
      return 0;
    };
  });
}

}  // namespace temper::cli
