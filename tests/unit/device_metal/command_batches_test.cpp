// Batches by themselves: what their completion handlers do at times that streams can't be made to show.
#include "device/metal/command_batches.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "metal_fixture.h"

namespace temper::metal {
namespace {

class MetalBatches : public ::testing::Test {
 protected:
  /// A batch of one fill, which runs `before_handler` on Metal's thread when it is done and its event signalled.
  void encode(CommandBatches& batches, void (^before_handler)(MTL::CommandBuffer*)) {
    batches.encode({.others = {}, .note = [](uint64_t) {}, .log = [](LaunchLog&) {}},
                   [&](MTL::CommandBuffer& commands, FaultPlace) {
                     commands.addCompletedHandler(before_handler);
                     MTL::BlitCommandEncoder* blit = commands.blitCommandEncoder();
                     blit->fillBuffer(buffer_.get(), NS::Range::Make(0, 16), 1);
                     blit->endEncoding();
                   });
    batches.commit();
  }

  AutoreleaseScope scope_;
  std::shared_ptr<Gpu> gpu_ = Gpu::open(0);
  Retained<MTL::Buffer> buffer_ = gpu_->new_buffer(16, "filled");
  std::shared_ptr<AsyncErrors> errors_ = std::make_shared<AsyncErrors>();
  CommandBatches::Limits limits_{.launches = 100, .bytes = 1 << 20};
};

TEST_F(MetalBatches, AHandlerThatIsLateForItsBatchesFindsWhatItNeeds) {
  std::atomic<bool> may_go_on = false, has_run = false;
  std::atomic<bool>*go_on = &may_go_on, *run = &has_run;
  auto batches = std::make_unique<CommandBatches>(gpu_, limits_, HazardKinds{}, errors_);
  encode(*batches, ^(MTL::CommandBuffer*) {
    while (!*go_on) std::this_thread::yield();
    *run = true;
  });
  std::thread ends([&] { batches.reset(); });  // waits for the handler
  EXPECT_FALSE(has_run);
  may_go_on = true;
  ends.join();
  EXPECT_TRUE(has_run) << "batches ended before their handler";
}

/// A queue that says what a test tells it to.
class OtherQueue final : public WorkQueue {
 public:
  explicit OtherQueue(bool is_done) : is_done_(is_done) {}
  bool done(uint64_t) const override { return is_done_; }
  void submit(uint64_t) override {}
  void wait(uint64_t) override {}

 private:
  bool is_done_;
};

// Apple's handlers of one queue come in the order of its command buffers. If they ever don't, a batch could be taken
// for good before the failure of what it read is known.
TEST_F(MetalBatches, ABatchThatIsDoneBeforeWhatItWaitedForHasFailed) {
  for (const bool in_order : {true, false}) {
    const auto written = std::make_shared<FailedRanges>();
    CommandBatches batches(gpu_, limits_, HazardKinds{}, errors_);
    batches.encode({.others = {{std::make_shared<OtherQueue>(in_order), 3}},
                    .note = [](uint64_t) {},
                    .log =
                        [&](LaunchLog& log) {
                          log.begin(1, "fill");
                          log.write({0, 0, 16}, written, false);
                        }},
                   [&](MTL::CommandBuffer& commands, FaultPlace) {
                     MTL::BlitCommandEncoder* blit = commands.blitCommandEncoder();
                     blit->fillBuffer(buffer_.get(), NS::Range::Make(0, 16), 1);
                     blit->endEncoding();
                   });
    batches.finish();
    const FailureHandle failure = errors_->take();
    EXPECT_EQ(written->find({0, 0, 16}) == nullptr, in_order);
    ASSERT_EQ(failure == nullptr, in_order);
    if (failure) {
      EXPECT_EQ(failure->message,
                "metal: out of order, a batch of 1 ops that begins with fill(): it was reported done before work of "
                "another stream that it waited for");
    }
  }
}

// Two backends have two queues, whose handlers come in any order: the host waits until the other's has looked.
TEST_F(MetalBatches, WorkOfAnotherBackendIsWaitedForHere) {
  std::atomic<bool> may_go_on = false;
  std::atomic<bool>* go_on = &may_go_on;
  const auto first = std::make_shared<CommandBatches>(Gpu::open(0), limits_, HazardKinds{}, errors_);
  encode(*first, ^(MTL::CommandBuffer*) {
    while (!*go_on) std::this_thread::yield();
  });
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    may_go_on = true;
  });
  CommandBatches second(gpu_, limits_, HazardKinds{}, errors_);
  second.encode({.others = {{first, 1}}, .note = [](uint64_t) {}, .log = [](LaunchLog&) {}},
                [&](MTL::CommandBuffer&, FaultPlace) { EXPECT_TRUE(first->done(1)); });
  later.join();
  second.finish();
  EXPECT_EQ(errors_->take(), nullptr);
}

}  // namespace
}  // namespace temper::metal
