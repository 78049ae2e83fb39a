// Peers that are a line of shell.
#include "bench/peer.h"

#include <gtest/gtest.h>

#include "base/fail.h"
#include "bench/run.h"

namespace temper::bench {
namespace {

std::vector<std::string> shell(const std::string& script) {
  return {"sh", "-c", script};
}

constexpr const char* kFake = R"(echo '{"peer": "fake 1"}'
while read -r line; do
  case "$line" in
    *prepare*rms_norm*) echo '{"skip": "has no rms_norm"}' ;;
    *prepare*) echo '{"ok": true}' ;;
    *) echo '{"seconds": 0.25}' ;;
  esac
done)";

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Peer, RunsCasesByTurns) {
  Peer peer(shell(kFake));
  EXPECT_EQ(peer.name(), "fake 1");
  Context ctx(open_backend({}));
  for (const Case& c : matching(all_cases({}), "4 x 16 x 1024")) {
    const Result result = run_case(ctx, c, {.rounds = 3, .sample_seconds = 1e-4}, &peer);
    if (c.op == "rms_norm") {
      EXPECT_FALSE(result.peer.has_value());
      EXPECT_EQ(result.peer_skipped, "has no rms_norm");
    } else {
      ASSERT_TRUE(result.peer.has_value());
      EXPECT_DOUBLE_EQ(result.peer->median, 0.25);
      EXPECT_EQ(result.peer->samples, 3);
    }
  }
}

TEST(Peer, SaysWhatIsMissing) {
  EXPECT_NE(
      error_of([] { Peer peer(shell(R"(echo '{"error": "no module named mlx"}')")); }).find("no module named mlx"),
      std::string::npos);
  EXPECT_NE(error_of([] { Peer peer({"no-such-program-here"}); }).find("no-such-program-here"), std::string::npos);
  EXPECT_NE(error_of([] { Peer peer(shell("exit 3")); }).find("ended without an answer"), std::string::npos);
  EXPECT_NE(error_of([] { Peer peer(shell("echo nonsense")); }), "");
}

TEST(Peer, OneThatDiesIsAnError) {
  Peer peer(shell(R"(echo '{"peer": "short"}')"));
  EXPECT_NE(error_of([&] { peer.sample(1); }), "");
}

}  // namespace
}  // namespace temper::bench
