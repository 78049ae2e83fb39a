// What Instruments shows of the backend, read from metalhost's event log: intervals that pair, and labels.
#ifndef __APPLE__
#include <metalhost/event_log.h>
#include <metalhost/runtime.h>

#include <algorithm>
#include <map>
#include <set>

#include "metal_fixture.h"
#include "ops/matmul.h"
#include "ops/view.h"
#include "placed_op.h"

namespace temper {
namespace {

using metalhost::Event;
using metalhost::EventKind;
using testing::metal_backend;
using testing::numbers;

/// Two steps with a product and an op of the CPU each.
std::vector<Event> log_of_two_steps() {
  metalhost::drain_queues();  // intervals of earlier streams end before
  metalhost::start_event_log();
  {
    Context ctx(metal_backend());
    const Tensor x = upload(ctx, numbers(64, 1), {8, 8});
    for (const uint64_t step : {7, 8}) {
      ctx.begin_step(0, step);
      read<float>(ctx, testing::placed(ctx, matmul(ctx, x, x)));
    }
  }
  metalhost::drain_queues();
  return metalhost::stop_event_log();
}

TEST(MetalSignposts, EveryIntervalBegunIsEnded) {
  std::map<uint64_t, std::string> open;
  std::map<std::string, int> ended;
  for (const Event& event : log_of_two_steps()) {
    if (event.kind == EventKind::signpost_begin) {
      EXPECT_EQ(event.object, "temper/DynamicTracing");
      EXPECT_TRUE(open.emplace(event.serial, event.detail).second);
    } else if (event.kind == EventKind::signpost_end) {
      ASSERT_TRUE(open.contains(event.serial)) << event.detail;
      EXPECT_TRUE(open[event.serial].starts_with(event.detail));
      ++ended[open[event.serial]];
      open.erase(event.serial);
    }
  }
  EXPECT_TRUE(open.empty()) << open.begin()->second;
  EXPECT_EQ(ended["step: 7"], 1);
  EXPECT_EQ(ended["step: 8"], 1);
  EXPECT_EQ(ended["on cpu: placed"], 2);
  EXPECT_EQ(std::ranges::count_if(ended, [](const auto& e) { return e.first.starts_with("batch: batch "); }), 2);
}

TEST(MetalSignposts, AStepLastsUntilTheNext) {
  std::vector<std::string> order;
  for (const Event& event : log_of_two_steps()) {
    if (event.kind == EventKind::signpost_begin && event.detail.starts_with("step")) order.push_back(event.detail);
    if (event.kind == EventKind::signpost_end && event.detail.starts_with("step")) order.push_back("end");
    if (event.kind == EventKind::commit) order.push_back("commit");
  }
  EXPECT_EQ(order, (std::vector<std::string>{"step: 7", "commit", "end", "step: 8", "commit", "end"}));
}

TEST(MetalSignposts, CommandBuffersNameTheirBatch) {
  const auto log = log_of_two_steps();
  const auto commit = std::ranges::find(log, EventKind::commit, &Event::kind);
  ASSERT_NE(commit, log.end());
  EXPECT_NE(commit->object.find("'batch 1: 1 ops from matmul"), std::string::npos) << commit->object;
}

TEST(MetalSignposts, ObjectsHaveNames) {
  Context ctx(metal_backend());
  const Tensor x = upload(ctx, numbers(3 * 5, 1), {3, 5}), y = upload(ctx, numbers(5 * 7, 1), {5, 7});
  read<float>(ctx, matmul(ctx, x, y));
  std::set<std::string> names;
  for (const metalhost::Leak& object : metalhost::find_leaks())
    if (const size_t label = object.object.find(" '"); label != std::string::npos)
      names.insert(object.object.substr(0, object.object.find(" #")) + object.object.substr(label));
  EXPECT_TRUE(names.contains("MTLCommandQueue 'temper'"));
  EXPECT_TRUE(names.contains("MTLBuffer 'arena'"));
  EXPECT_TRUE(names.contains("MPSMatrixMultiplication 'product 3x7x5 nn'"));
}

}  // namespace
}  // namespace temper
#endif
