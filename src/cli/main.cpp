#include <fmt/color.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/fail.h"
#include "base/log.h"
#include "cli/build_info.h"
#include "cli/session.h"
#include "cli/usage_error.h"

namespace temper::cli {
void add_subcommands(CLI::App& app, Session& session);  // generated
}

namespace {

constexpr int kFailed = 1, kUsage = 2, kInterrupted = 130;

int exit_code(temper::ErrorCode code) {
  if (code == temper::ErrorCode::usage) return kUsage;
  return code == temper::ErrorCode::interrupted ? kInterrupted : kFailed;
}

void print_error(const std::string& message) {
  if (isatty(STDERR_FILENO))
    fmt::print(stderr, fmt::fg(fmt::terminal_color::red), "error: ");
  else
    fmt::print(stderr, "error: ");
  fmt::print(stderr, "{}\n", message);
}

/// Results that could not be written must not look like success.
int flush_output(int code) {
  const bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (written || code != 0) return code;
  print_error(fmt::format("standard output: cannot write: {}", std::strerror(errno)));
  return kFailed;
}

int run(int argc, char** argv) {
  using namespace temper;
  CLI::App app("temper: fine-tune language models with LoRA, generate with them");
  app.set_version_flag("--version", std::string("temper ") + cli::build_info::kVersion);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  cli::Session session;
  for (int i = 0; i < argc; ++i) session.command_line += (i ? " " : "") + std::string(argv[i]);
  app.add_flag("--quiet,-q", session.quiet, "only warnings and errors on standard error");
  app.add_flag("--verbose,-v", session.verbose, "more on standard error");
  app.fallthrough();
  cli::add_subcommands(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    print_error(cli::usage_message(app, error));
    return kUsage;
  }
  log::set_up(session.quiet, session.verbose);
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error like a full disk, not the end of the program
  try {
    return flush_output(session.action());
  } catch (const Error& error) {
    print_error(error.what());
    return exit_code(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(fmt::format("{}: {}", error.path1().string(), error.code().message()));
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
  } catch (const std::exception& error) {
    print_error(fmt::format("{}; this is a bug in temper", error.what()));
  }
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {  // before or while an error was printed
    std::fprintf(stderr, "error: %s\n", error.what());
    return kFailed;
  }
}
