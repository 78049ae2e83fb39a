#include "bench/peer.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/fail.h"

extern char** environ;

namespace temper::bench {

Peer::Peer(const std::vector<std::string>& command) : command_(fmt::format("{}", fmt::join(command, " "))) {
  int to[2], from[2];
  if (pipe(to) != 0) fail(ErrorCode::io, "{}: {}", command_, std::strerror(errno));
  if (pipe(from) != 0) {
    close(to[0]), close(to[1]);
    fail(ErrorCode::io, "{}: {}", command_, std::strerror(errno));
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  for (const int end : {to[0], to[1], from[0], from[1]}) posix_spawn_file_actions_addclose(&actions, end);
  const int status = posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to[0]), close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
  if (status != 0) {
    pid_ = -1;
    std::fclose(to_), std::fclose(from_);
    fail(ErrorCode::io, "{}: {}", command_, std::strerror(status));
  }
  std::signal(SIGPIPE, SIG_IGN);  // a peer that dies is an error of ask(), not the end of this program
  const Json hello = answer();
  if (hello.contains("error")) fail(ErrorCode::unsupported, "{}: {}", command_, hello["error"].get<std::string>());
  name_ = hello.value("peer", "peer");
}

Peer::~Peer() {
  if (to_) std::fclose(to_);  // which ends the peer
  if (from_) std::fclose(from_);
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

std::optional<std::string> Peer::prepare(const OrderedJson& peer_case) {
  const Json reply = ask({{"prepare", peer_case}});
  if (reply.contains("skip")) return reply["skip"].get<std::string>();
  return std::nullopt;
}

double Peer::sample(int calls) {
  return ask({{"sample", calls}}).at("seconds").get<double>();
}

Json Peer::ask(const OrderedJson& question) {
  const std::string line = question.dump() + "\n";
  if (std::fwrite(line.data(), 1, line.size(), to_) != line.size() || std::fflush(to_) != 0)
    fail(ErrorCode::io, "{}: it doesn't take questions any more", command_);
  return answer();
}

Json Peer::answer() {
  std::string text;
  int next = 0;
  while ((next = std::fgetc(from_)) != EOF && next != '\n') text += static_cast<char>(next);
  if (next == EOF) fail(ErrorCode::io, "{}: it ended without an answer", command_);
  return parse_json(text, command_);
}

}  // namespace temper::bench
