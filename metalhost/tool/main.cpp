// metalhost lint | list | run | bench: Metal kernels on Linux, from the command line.
#include <cstdio>

#include "tool/commands.h"
#include "tool/source.h"
#include "tool/values.h"

int main(int argc, char** argv) {
  using namespace metalhost::tool;
  CLI::App app("Checks and runs Metal kernels on Linux, without a Mac.", "metalhost");
  app.require_subcommand(1);
  app.footer("Exit codes: 0 nothing found, 1 something found or failed, 2 wrong usage.");
  int status = kGood;
  add_lint(app, status);
  add_list(app, status);
  add_run(app, status);
  add_bench(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return kUsage;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "metalhost: %s\n", error.what());
    return kUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kFound;
  }
  return status;
}
