#include "cli/usage_error.h"

#include <fmt/format.h>

#include "adapter/near_match.h"

namespace temper::cli {
namespace {

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string> near = near_matches(word, known, 1);
  return near.empty() || edit_distance(word, near[0]) > word.size() / 2 ? std::string()
                                                                        : fmt::format("; did you mean {}?", near[0]);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); }))
    for (const std::string& name : option_names(*group)) names.push_back(name);
  return names;
}

}  // namespace

std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const std::string command = chosen.empty() ? "temper" : "temper " + chosen[0]->get_name();
  const std::string help = fmt::format("see {} --help", command);
  // Words that nothing took explain more than what is missing because of them.
  const std::vector<std::string> unknown = app.remaining(true);
  if (unknown.empty()) return fmt::format("{}; {}", error.what(), help);
  const auto is_option = [](const std::string& word) { return word.starts_with('-'); };
  if (const auto word = std::ranges::find_if_not(unknown, is_option); chosen.empty() && word != unknown.end()) {
    std::vector<std::string> commands;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
      commands.push_back(sub->get_name());
    return fmt::format("no such command '{}'{}; {}", *word, did_you_mean(*word, commands), help);
  }
  const auto option = std::ranges::find_if(unknown, is_option);
  if (option == unknown.end()) return fmt::format("{}: '{}' is one word too many; {}", command, unknown[0], help);
  const std::string name = option->substr(0, option->find('='));
  return fmt::format("{} has no option {}{}; {}", command, name,
                     did_you_mean(name, option_names(chosen.empty() ? app : *chosen[0])), help);
}

}  // namespace temper::cli
