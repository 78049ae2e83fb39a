// Faults of the data: reports, what becomes of the work that depends on them, and which one is thrown.
#include "device/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "device/launch_log.h"
#include "unit/device/launches.h"

namespace temper::cpu {
namespace {

TEST(FaultReport, TheLowestPositionStays) {
  FaultRecord record;
  FaultReport report(record);
  report(7, {70}, 2);
  report(3, {30, 31});
  report(5, {50});
  report(3, {99}, 4);
  EXPECT_EQ(record.code, 1u);
  EXPECT_EQ(record.position, 3u);
  EXPECT_EQ(record.details, (std::array<int32_t, 6>{30, 31})) << "of one position the first report";
}

TEST(FaultReport, TheLowestPositionStaysWhateverTheThreads) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    FaultRecord record;
    FaultReport report(record);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 99; i >= 0; --i) report(4 * i + thread + 10, {4 * i + thread});
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(record.position, 10u);
    EXPECT_EQ(record.details[0], 0) << "details of another position";
  }
}

/// x + addend, and a mark that it ran.
Tensor marking_plus(Context& ctx, const Tensor& x, float addend, std::atomic<int>& runs) {
  return launch(ctx, "marking_plus", {x}, x.elements(), [addend, &runs](const auto& in, float* out, int64_t n) {
    ++runs;
    for (int64_t i = 0; i < n; ++i) out[i] = in[0][i] + addend;
  });
}

/// to += from + 3, in the memory of `to`.
void accumulate(Context& ctx, const Tensor& to, const Tensor& from) {
  const Operand out = operand(to);
  const Operand in[] = {out, operand(from)};
  float* sum = data_of<float>(out);
  const auto* term = data_of<const float>(in[1]);
  const int64_t n = to.elements();
  cpu_encoder(ctx.stream().encoder()).launch("accumulate", in, std::span(&out, 1), [=](ThreadPool&) {
    for (int64_t i = 0; i < n; ++i) sum[i] += term[i] + 3;
  });
}

class Fault : public testing::TestWithParam<bool> {
 protected:
  std::shared_ptr<Backend> backend_ = open_backend({}, {.threads = 3});
  Context ctx_{backend_, {.deferred = GetParam()}};
};

TEST_P(Fault, SurfacesAtTheReadAndWhatDependsOnItRunsOnWhatStandsThere) {
  const Tensor x = vector_of(ctx_, {1, 2});
  std::atomic<int> runs = 0;
  const Tensor bad = faulty(ctx_, "faulty", {x}, 2);
  const Tensor after = marking_plus(ctx_, bad, 5, runs), later = marking_plus(ctx_, after, 1, runs);
  const Tensor independent = plus(ctx_, x, 1);
  EXPECT_EQ(message_of_read(ctx_, later), "faulty(f32[2]): 0 at 0 is wrong");
  EXPECT_EQ(runs, 2) << "a device can't skip what depends on a fault, so no stream does";
  EXPECT_EQ(data_of<const float>(operand(later))[1], 6.0f);
  EXPECT_EQ(read<float>(ctx_, independent), (std::vector<float>{2, 3})) << "independent work is sound";
  EXPECT_NO_THROW(ctx_.stream().synchronize()) << "the stream is usable again";
}

TEST_P(Fault, NothingThatCameOfItCanBeRead) {
  std::atomic<int> runs = 0;
  const Tensor bad = faulty(ctx_, "faulty", {}, 2);
  const Tensor after = marking_plus(ctx_, bad, 1, runs);
  EXPECT_THROW(ctx_.stream().synchronize(), Error);
  const std::string fault = "faulty(): 0 at 0 is wrong";
  EXPECT_EQ(message_of_read(ctx_, bad), "read: the value was not computed: " + fault);
  EXPECT_EQ(message_of_read(ctx_, after), "read: the value was not computed: " + fault);
  EXPECT_EQ(message_of_read(ctx_, plus(ctx_, after, 1)),
            "plus(f32[2]) has no result, its input was not computed: " + fault);
  overwrite(ctx_, bad, 7);
  EXPECT_EQ(read<float>(ctx_, plus(ctx_, bad, 1)), (std::vector<float>{8, 8})) << "written afresh, it is sound again";
}

TEST_P(Fault, AStateUpdatedFromItIsUsableOnceTheErrorIsKnown) {
  const Tensor state = state_of(ctx_, {1, 2});
  accumulate(ctx_, state, faulty(ctx_, "faulty", {}, 2));
  EXPECT_EQ(message_of_read(ctx_, state), "faulty(): 0 at 0 is wrong");
  EXPECT_EQ(read<float>(ctx_, state), (std::vector<float>{4, 5}));
}

TEST_P(Fault, AnOutputInThePlaceOfAnInputIsNoResultForGood) {
  const Tensor x = vector_of(ctx_, {1, 2});
  accumulate(ctx_, x, faulty(ctx_, "faulty", {}, 2));
  EXPECT_EQ(message_of_read(ctx_, x), "faulty(): 0 at 0 is wrong");
  EXPECT_EQ(message_of_read(ctx_, x), "read: the value was not computed: faulty(): 0 at 0 is wrong");
}

TEST_P(Fault, TheEarliestLaunchAndPositionAreThrown) {
  for (int repeat = 0; repeat < 10; ++repeat) {
    std::vector<int32_t> positions(100);
    std::iota(positions.rbegin(), positions.rend(), 20);
    const Tensor first = faulty(ctx_, "first", {}, 1, positions), second = faulty(ctx_, "second", {}, 1, {1});
    EXPECT_EQ(message_of_read(ctx_, second), "first(): 20 at 20 is wrong");
    EXPECT_EQ(message_of_read(ctx_, second), "read: the value was not computed: second(): 1 at 1 is wrong");
  }
}

TEST_P(Fault, OfAKernelThatThrowsAsWellIsNoResultAtAll) {
  const TensorSpec result = spec(DType::f32, {1});
  Operand out{ctx_.stream().allocate(result.bytes()), result};
  cpu_encoder(ctx_.stream().encoder())
      .launch_checked(
          "thrower", {}, std::span(&out, 1), [](const FaultRecord&) { return std::string("unused"); },
          [](ThreadPool&, FaultReport& faults) {
            faults(0, {});
            throw Error(ErrorCode::numeric, "the number is wrong");
          });
  std::atomic<int> runs = 0;
  const Tensor after = marking_plus(ctx_, Tensor(out.buffer, out.spec), 1, runs);
  EXPECT_EQ(message_of_read(ctx_, after), "thrower(): the number is wrong");
  EXPECT_EQ(runs, 0) << "there is nothing to run on";
}

TEST_P(Fault, SoundLaunchesWithACheckTakeNoMemoryInSteadyState) {
  const auto step = [&] { read<float>(ctx_, faulty(ctx_, "sound", {vector_of(ctx_, {1, 2})}, 2, {})); };
  for (int i = 0; i < 3; ++i) step();
  const Counters before = ctx_.counters();
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(ctx_.counters().buffers_created, before.buffers_created);
  EXPECT_EQ(ctx_.counters().bytes_created, before.bytes_created);
  EXPECT_EQ(ctx_.counters().waits, before.waits + 20) << "the reads' own waits only";
  EXPECT_EQ(ctx_.counters().reads, before.reads + 20);
}

INSTANTIATE_TEST_SUITE_P(Streams, Fault, testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "deferred" : "immediate"); });

TEST(FaultOfADeferredStream, TheEarliestLaunchIsThrownInEveryShuffle) {
  const auto backend = open_backend({}, {.threads = 1});
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Context ctx(backend, {.deferred = true, .shuffle_seed = seed});
    std::vector<Tensor> results;
    for (const char* op : {"a", "b", "c", "d"}) results.push_back(faulty(ctx, op, {}, 1));
    EXPECT_EQ(message_of_read(ctx, results[3]), "a(): 0 at 0 is wrong") << seed;
  }
}

/// A log over memory that only has an address.
class LaunchLogTest : public testing::Test {
 protected:
  using Names = std::vector<int>;  // of memory: number m is bytes [m, m + 1)
  static MemoryRange range(int name) { return {0, static_cast<uint64_t>(name), static_cast<uint64_t>(name) + 1}; }
  void add(std::string_view op, const Names& reads, const Names& writes, bool checked = false) {
    log_.begin(++number_, op);
    for (const int name : reads) log_.read(range(name), failed_, spec(DType::f32, {name}));
    for (const int name : writes) log_.write(range(name), failed_, state_);
    if (checked) log_.check({.message = [](const FaultRecord&) { return std::string("wrong"); }});
  }
  std::string why(int name) const {
    const FailureHandle failure = failed_->find(range(name));
    return failure ? failure->message : "sound";
  }

  std::shared_ptr<FailedRanges> failed_ = std::make_shared<FailedRanges>();
  LaunchLog log_;
  AsyncErrors errors_;
  uint64_t number_ = 0;
  bool state_ = false;
};

TEST_F(LaunchLogTest, AFaultSpoilsWhatCameOfItInOrder) {
  add("early_reader", {1}, {9});
  add("bad", {}, {1}, true);
  add("reader", {1}, {2});
  add("overwrite", {}, {1});
  add("late_reader", {1}, {3});
  add("good", {}, {4}, true);
  ASSERT_EQ(log_.records(), 2u);
  std::vector<FaultRecord> records(2);
  records[0].code = 1;
  log_.settle(records, errors_);
  EXPECT_EQ(why(9), "sound") << "it ran before";
  EXPECT_EQ(why(1), "sound") << "written afresh";
  EXPECT_EQ(why(2), "bad(): wrong");
  EXPECT_EQ(why(3), "sound");
  EXPECT_EQ(why(4), "sound");
  EXPECT_EQ(errors_.take()->message, "bad(): wrong");
  EXPECT_EQ(errors_.take(), nullptr);
}

TEST_F(LaunchLogTest, EveryFaultOfABatchSpoilsItsOwnResult) {
  add("first", {}, {1}, true);
  add("second", {7}, {2}, true);
  std::vector<FaultRecord> records(2);
  for (FaultRecord& record : records) record.code = 1;
  log_.settle(records, errors_);
  EXPECT_EQ(why(1), "first(): wrong");
  EXPECT_EQ(why(2), "second(f32[7]): wrong");
  EXPECT_EQ(errors_.take()->message, "first(): wrong");
}

TEST_F(LaunchLogTest, ABatchThatTheDeviceGaveUpLeavesNoValue) {
  state_ = true;
  add("update", {1}, {1});
  log_.settle_failed(std::make_shared<Failure>(Failure{ErrorCode::internal, "gone"}), errors_);
  EXPECT_EQ(errors_.take()->message, "gone");
  EXPECT_EQ(why(1), "gone") << "nobody knows how far the update came";
}

TEST_F(LaunchLogTest, IsEmptyOnceClearedAndGivesBackWhatChecksKeep) {
  const auto kept = std::make_shared<int>(5);
  log_.begin(1, "looker");
  log_.check({.message = [](const FaultRecord& fault) { return fmt::format("saw {}", fault.details[0]); },
              .on_host = [kept](FaultReport& faults) { faults(0, {*kept}); }});
  std::vector<FaultRecord> records(1);
  log_.settle(records, errors_);
  EXPECT_EQ(errors_.take()->message, "looker(): saw 5");
  std::vector<FaultCheck> retired;
  log_.clear(retired);
  EXPECT_EQ(log_.launches() + log_.records(), 0u);
  EXPECT_EQ(kept.use_count(), 2);
  retired.clear();
  EXPECT_EQ(kept.use_count(), 1);
}

}  // namespace
}  // namespace temper::cpu
