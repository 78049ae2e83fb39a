// `temper chat`: a conversation at the terminal, or from lines of standard input.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/line_editor.h"
#include "cli/sampling_options.h"
#include "cli/session.h"
#include "generate/generator.h"

namespace temper::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDefaultReplyTokens = 1024;
constexpr float kDefaultTemperature = 0.7f, kDefaultTopP = 0.95f;

struct ChatArguments {
  std::string model, adapter, system;
  GenerateOptions options;
};

/// Ctrl-C ends the reply that is being written; a third one while it doesn't, the program. At the prompt the line
/// editor waits for the pipe beside its keys.
std::atomic<bool> stop_reply = false;
std::atomic<int> interrupts = 0;
int interrupt_pipe[2] = {-1, -1};

extern "C" void on_chat_interrupt(int) {
  constexpr int kImpatient = 3;
  const int error = errno;
  stop_reply = true;
  if (++interrupts >= kImpatient) std::_Exit(130);
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = write(interrupt_pipe[1], &byte, 1);  // a full pipe tells enough
  errno = error;
}

void catch_chat_interrupts() {
  if (pipe(interrupt_pipe) != 0) fail(ErrorCode::io, "chat: no pipe for Ctrl-C: {}", std::strerror(errno));
  for (const int end : interrupt_pipe) {
    fcntl(end, F_SETFL, O_NONBLOCK);
    fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  struct sigaction action {};
  action.sa_handler = on_chat_interrupt;  // no SA_RESTART: a read from a pipe must end too
  sigaction(SIGINT, &action, nullptr);
}

void forget_interrupts() {
  stop_reply = false;
  interrupts = 0;
  char bytes[16];
  while (read(interrupt_pipe[0], bytes, sizeof bytes) > 0) {
  }
}

/// What the publisher recommends in generation_config.json, where the command line says nothing.
void recommend_sampling(const CLI::App& command, const io::GenerationConfig& config, GenerateOptions& options) {
  const auto unset = [&](const char* option) { return command.count(option) == 0; };
  SampleAttrs& s = options.sampling;
  if (unset("--max-tokens")) options.max_tokens = kDefaultReplyTokens;
  if (unset("--temp")) {
    const bool greedy = config.do_sample && !*config.do_sample && !config.temperature;
    s.temperature = greedy ? 0.0f : static_cast<float>(config.temperature.value_or(kDefaultTemperature));
  }
  if (unset("--top-p")) s.top_p = static_cast<float>(config.top_p.value_or(config.temperature ? 1.0 : kDefaultTopP));
  if (unset("--top-k") && config.top_k) s.top_k = static_cast<decltype(s.top_k)>(*config.top_k);
  if (unset("--min-p") && config.min_p) s.min_p = static_cast<float>(*config.min_p);
  if (unset("--repetition-penalty") && config.repetition_penalty)
    options.repetition_penalty = static_cast<float>(*config.repetition_penalty);
}

constexpr std::string_view kHelp =
    "/help            this list\n"
    "/reset           forget the conversation\n"
    "/system TEXT     set the system message (nothing: remove it) and forget the conversation\n"
    "/regenerate      another reply to your last message\n"
    "/save FILE       write the conversation as one row of training data\n"
    "/exit            leave (Ctrl-D too)\n"
    "Ctrl-C stops a reply; a line that ends with \\ goes on in the next one.\n";

class Chat {
 public:
  Chat(LoadedModel& loaded, const ChatArguments& args)
      : loaded_(loaded), options_(args.options), system_(args.system) {}

  /// Answers a message, or runs a command. False: leave.
  bool take(const std::string& line) {
    if (!line.starts_with('/')) {
      turns_.push_back({{"role", "user"}, {"content", line}});
      reply();
      return true;
    }
    const size_t space = std::min(line.find(' '), line.size());
    const std::string command = line.substr(0, space);
    const std::string argument = space < line.size()
                                     ? line.substr(line.find_first_not_of(' ', space + 1) == std::string::npos
                                                       ? line.size()
                                                       : line.find_first_not_of(' ', space + 1))
                                     : std::string();
    return run(command, argument);
  }

 private:
  bool run(const std::string& command, const std::string& argument) {
    if (command == "/exit" || command == "/quit") return false;
    if (command == "/help") {
      fmt::print("{}", kHelp);
    } else if (command == "/reset") {
      turns_ = OrderedJson::array();
      log::info("the conversation is forgotten");
    } else if (command == "/system") {
      system_ = argument;
      turns_ = OrderedJson::array();
      log::info("{}; the conversation is forgotten", system_.empty() ? "no system message" : "system message set");
    } else if (command == "/regenerate") {
      regenerate();
    } else if (command == "/save") {
      save(argument);
    } else {
      log::warn("{}: no such command; /help lists them", command);
    }
    return true;
  }

  OrderedJson conversation() const {
    OrderedJson messages = OrderedJson::array();
    if (!system_.empty()) messages.push_back({{"role", "system"}, {"content", system_}});
    for (const OrderedJson& turn : turns_) messages.push_back(turn);
    return messages;
  }

  void regenerate() {
    if (!turns_.empty() && turns_.back()["role"] == "assistant") turns_.erase(turns_.size() - 1);
    if (turns_.empty()) return log::warn("/regenerate: there is no message to answer yet");
    if (options_.sampling.temperature == 0.0f)
      log::warn("--temp 0 always gives the same reply; start with --temp 0.7 for others");
    reply();
  }

  void save(const std::string& path) const {
    if (path.empty()) return log::warn("/save needs a file name");
    if (fs::exists(path)) return log::warn("/save: {} exists already", path);
    const OrderedJson row = {{"messages", conversation()}};
    try {
      write_file_atomic(path, row.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
      log::info("saved to {}", path);
    } catch (const Error& error) {
      log::error("{}; the conversation goes on, /save it elsewhere", error.what());
    }
  }

  /// Streams the answer to the last message and keeps it. What can't be answered is taken back.
  void reply() {
    forget_interrupts();
    try {
      const std::vector<std::vector<int32_t>> prompts = {
          loaded_.model.encode_rendered(loaded_.model.render({.messages = conversation()}, true).text)};
      GenerateOptions options = options_;
      options.seed += replies_++;  // or a question asked twice would always get the same answer
      Generator generator(loaded_.ctx(), loaded_.model, loaded_.adapter_or_null());
      const std::vector<Reply> replies = generator.run(
          prompts, options,
          [](size_t, std::string_view text) {
            std::fwrite(text.data(), 1, text.size(), stdout);
            std::fflush(stdout);
          },
          &stop_reply);
      fmt::print("\n");
      std::fflush(stdout);
      const Reply& reply = replies[0];
      if (reply.finish_reason == "interrupted") log::info("(stopped)");
      if (reply.finish_reason == "length")
        log::info("(cut after {} tokens; --max-tokens allows more)", reply.ids.size());
      turns_.push_back({{"role", "assistant"}, {"content", reply.text}});
      log::debug("{} prompt tokens, {:.1f} tokens/s", reply.prompt_tokens, generator.stats().decode_tokens_per_s());
    } catch (const Error& error) {
      turns_.erase(turns_.size() - 1);
      log::error("{}", error.what());
      log::info("your message was taken back; /reset begins a new conversation");
    }
    forget_interrupts();
  }

  LoadedModel& loaded_;
  GenerateOptions options_;
  std::string system_;
  OrderedJson turns_ = OrderedJson::array();
  uint64_t replies_ = 0;
};

/// $XDG_STATE_HOME/temper/chat_history, by default in ~/.local/state; empty when there is no home.
fs::path history_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  if (state && *state) return fs::path(state) / "temper" / "chat_history";
  return home && *home ? fs::path(home) / ".local" / "state" / "temper" / "chat_history" : fs::path();
}

/// Reads messages until the end: 0, or 130 when Ctrl-C was pressed twice at the prompt.
int converse(Chat& chat) {
  const bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  LineEditor editor(terminal ? history_path() : fs::path(), terminal, interrupt_pipe[0]);
  bool warned = false;
  std::string message;
  for (;;) {
    std::string line;
    switch (editor.read(message.empty() ? "> " : ". ", line)) {
      case LineEditor::Result::end:
        if (!message.empty()) chat.take(message);  // the input ended after a backslash
        return 0;
      case LineEditor::Result::interrupted:
        if (warned || !terminal) return 130;
        warned = true;
        message.clear();
        forget_interrupts();
        log::info("(Ctrl-C once more, Ctrl-D or /exit leaves)");
        continue;
      case LineEditor::Result::line:
        break;
    }
    warned = false;
    if (line.ends_with('\\')) {
      line.back() = '\n';
      message += line;
      continue;
    }
    message += line;
    if (message.find_first_not_of(" \t\n") != std::string::npos) {
      editor.remember(message);
      if (!chat.take(message)) return 0;
    }
    message.clear();
  }
}

}  // namespace

void add_chat(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("chat", "talk with a model");
  auto args = std::make_shared<ChatArguments>();
  add_model_options(*command, args->model, args->adapter);
  command->add_option("--system", args->system, "system message");
  add_sampling_options(*command, args->options);
  add_device_options(*command, session);
  command->callback([&session, args, command] {
    session.action = [&session, args, command] {
      LoadedModel loaded(session, args->model, args->adapter);
      loaded.model.chat_template();  // refuses a model without one
      recommend_sampling(*command, loaded.model.checkpoint().generation_config(), args->options);
      const SampleAttrs& s = args->options.sampling;
      log::info("temperature {:.2g}, top-p {:.2g}, top-k {}; /help lists the commands", s.temperature, s.top_p,
                s.top_k);
      catch_chat_interrupts();
      Chat chat(loaded, *args);
      const int code = converse(chat);
      loaded.runtime.report(session.device);
      return code;
    };
  });
}

}  // namespace temper::cli
