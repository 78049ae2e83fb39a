// Batches by themselves: what their completion handlers do at times that streams can't be made to show.
#include "device/metal/command_batches.h"

#include <atomic>
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

}  // namespace
}  // namespace temper::metal
