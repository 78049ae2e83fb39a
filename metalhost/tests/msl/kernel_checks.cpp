// What kernel checks report of kernels with one bug each, and that they say nothing of what these should have been.
#include <cstdlib>
#include <cstring>

#include "msl/planted_bugs.h"
#include "support/metal.h"

namespace {

class KernelChecks : public MetalTest {
 protected:
  void SetUp() override {
    MetalTest::SetUp();
    metalhost::set_kernel_checks(true);
    x_ = new_buffer(128);
    in_ = new_buffer(128, 1);
    count_ = new_buffer(4);
  }
  void TearDown() override {
    for (auto* buffer : {x_, in_, count_}) buffer->release();
    if (source_) source_->release();
    metalhost::set_kernel_checks(false);
    MetalTest::TearDown();
  }

  void compile(const std::string& text) {
    text_ = text;
    NS::Error* error = nullptr;
    source_ = device_->newLibrary(NS::String::string(text.c_str(), NS::UTF8StringEncoding), nullptr, &error);
    ASSERT_NE(source_, nullptr) << error->localizedDescription()->utf8String();
  }
  MTL::ComputePipelineState* pipeline(const std::string& name) {
    auto* function = source_->newFunction(NS::String::string(name.c_str(), NS::UTF8StringEncoding));
    EXPECT_NE(function, nullptr) << name;
    auto* made = device_->newComputePipelineState(function, static_cast<NS::Error**>(nullptr));
    function->release();
    return made;
  }
  // The line with the mark that comes first after some text: "program_source:12".
  std::string line_after(const std::string& text) const {
    std::size_t mark = text_.find("/*!*/", text_.find(text));
    EXPECT_NE(mark, std::string::npos) << text;
    return "program_source:" +
           std::to_string(1 + std::count(text_.begin(), text_.begin() + std::ptrdiff_t(mark), '\n'));
  }
  void encode(MTL::ComputeCommandEncoder* encoder, const std::string& kernel, NS::UInteger groups = 2) {
    const uint32_t n = 128;
    auto* made = pipeline(kernel);
    encoder->setComputePipelineState(made);
    encoder->setBuffer(x_, 0, 0);
    encoder->setBuffer(in_, 0, 1);
    encoder->setBuffer(count_, 0, 2);
    encoder->setBytes(&n, sizeof n, 3);
    encoder->setThreadgroupMemoryLength(256, 0);
    encoder->dispatchThreadgroups(MTL::Size(groups, 1, 1), MTL::Size(64, 1, 1));
    made->release();
  }
  std::vector<metalhost::Report> run(const std::string& kernel) {
    auto* commands = queue_->commandBuffer();
    auto* encoder = commands->computeCommandEncoder();
    encode(encoder, kernel);
    encoder->endEncoding();
    finish(commands);
    return metalhost::take_reports();
  }

  MTL::Buffer *x_ = nullptr, *in_ = nullptr, *count_ = nullptr;
  MTL::Library* source_ = nullptr;
  std::string text_;
};

const std::string kHead = R"(#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;
#define PARAMETERS device float* x [[buffer(0)]], device const float* in [[buffer(1)]], \
  device atomic_uint* count [[buffer(2)]], constant uint& n [[buffer(3)]], threadgroup float* shared [[threadgroup(0)]], \
  uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]], \
  uint g [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]], \
  uint s [[simdgroup_index_in_threadgroup]]
)";

std::string kernel_text(const std::string& name, const std::string& body) {
  return "kernel void " + name + "(PARAMETERS) {" + body + "}\n";
}

std::string all_planted() {
  std::string text = kHead;
  for (const auto& planted : planted_bugs()) {
    text += kernel_text(std::string(planted.name) + "_bug", planted.bug);
    text += kernel_text(std::string(planted.name) + "_clean", planted.clean);
  }
  return text;
}

TEST_F(KernelChecks, ReportEachPlantedBugWithRuleObjectAndLine) {
  compile(all_planted());
  for (const char* schedule : {"forward", "reverse", "random:7"}) {
    setenv("METALHOST_SCHEDULE", schedule, 1);
    for (const auto& planted : planted_bugs()) {
      const std::string name = std::string(planted.name) + "_bug";
      auto reports = run(name);
      bool found = false;
      std::string seen;
      for (const auto& report : reports) {
        seen += "\n  " + report.text();
        bool is_line = report.site == line_after("void " + name + "(");
        // Of two racing accesses the report is at the later one, which is the marked one in forward order. In another
        // order a barrier of too small a scope may not lie between the two.
        if (schedule != std::string("forward")) is_line = report.site.starts_with("program_source:");
        const bool is_rule = report.rule == planted.rule ||
                             (schedule != std::string("forward") && planted.rule == std::string("barrier-scope") &&
                              report.rule == "thread-race");
        found |= is_rule && is_line && report.object.starts_with(planted.object);
      }
      EXPECT_TRUE(found) << name << ", " << schedule << ": expected [" << planted.rule << "] " << planted.object
                         << " at " << line_after("void " + name + "(") << "; reported:" << seen;
    }
  }
  unsetenv("METALHOST_SCHEDULE");
}

TEST_F(KernelChecks, SayNothingOfTheCleanCounterparts) {
  compile(all_planted());
  for (const char* schedule : {"forward", "reverse", "random:7"}) {
    setenv("METALHOST_SCHEDULE", schedule, 1);
    for (const auto& planted : planted_bugs()) {
      for (const auto& report : run(std::string(planted.name) + "_clean")) {
        ADD_FAILURE() << planted.name << ", " << schedule << ": " << report.text();
      }
    }
  }
  unsetenv("METALHOST_SCHEDULE");
}

// Dispatches of a concurrent encoder.
const std::string kDispatches = kHead + R"(
kernel void fill(PARAMETERS) {
  x[i] = 1; /*!*/
}
kernel void fill_again(PARAMETERS) {
  x[i] = 2; /*!*/
}
kernel void read_half(PARAMETERS) {
  if (i < 64) shared[t] = x[i]; /*!*/
}
kernel void write_lower(PARAMETERS) {
  if (i < 64) x[i] = 1; /*!*/
}
kernel void write_upper(PARAMETERS) {
  if (i >= 64) x[i] = 1; /*!*/
}
kernel void add(PARAMETERS) {
  if (t == 0) atomic_fetch_add_explicit(count, 1u, memory_order_relaxed); /*!*/
}
kernel void reset(PARAMETERS) {
  if (i == 0) *(device uint*)count = 0; /*!*/
}
)";

struct Pair {
  const char *first, *second;
  bool conflict;
};
const Pair kPairs[] = {{"fill", "fill_again", true},
                       {"fill", "read_half", true},
                       {"read_half", "fill", true},
                       {"write_lower", "read_half", true},
                       {"write_upper", "read_half", false},
                       {"write_lower", "write_upper", false},
                       {"read_half", "read_half", false},
                       {"add", "add", false},
                       {"add", "reset", true},
                       {"reset", "add", true}};

TEST_F(KernelChecks, JudgeConcurrentDispatchesByTheBytesTheyTouch) {
  compile(kDispatches);
  for (const auto& [first, second, conflict] : kPairs) {
    for (int barrier = 0; barrier < 4; ++barrier) {  // none, of all buffers, of the ones used, of another
      auto* commands = queue_->commandBuffer();
      auto* encoder = commands->computeCommandEncoder(MTL::DispatchTypeConcurrent);
      encode(encoder, first);
      if (barrier == 1) encoder->memoryBarrier(MTL::BarrierScopeBuffers);
      const MTL::Resource* used[] = {x_, count_};
      const MTL::Resource* other[] = {in_};
      if (barrier == 2) encoder->memoryBarrier(used, 2);
      if (barrier == 3) encoder->memoryBarrier(other, 1);
      encode(encoder, second);
      encoder->endEncoding();
      finish(commands);
      auto reports = metalhost::take_reports();
      bool expected = conflict && (barrier == 0 || barrier == 3);
      ASSERT_EQ(reports.size(), expected ? 1u : 0u)
          << first << ", " << second << ", barrier " << barrier << (reports.empty() ? "" : reports[0].text());
      if (!expected) continue;
      EXPECT_EQ(reports[0].rule, "missing-barrier");
      EXPECT_TRUE(reports[0].object.starts_with("MTLBuffer #")) << reports[0].text();
      EXPECT_EQ(reports[0].site, line_after("void " + std::string(second) + "("));
      EXPECT_NE(reports[0].detail.find(line_after("void " + std::string(first) + "(")), std::string::npos)
          << reports[0].text();
    }
  }
}

TEST_F(KernelChecks, ComeWithTheConstantsOfAFunction) {
  compile(kHead + R"(
constant uint shift [[function_constant(0)]];
kernel void shifted(PARAMETERS) {
  x[i] = in[i + shift]; /*!*/
}
)");
  for (uint32_t shift : {0u, 5u}) {
    auto* values = MTL::FunctionConstantValues::alloc()->init();
    values->setConstantValue(&shift, MTL::DataTypeUInt, NS::UInteger(0));
    NS::Error* error = nullptr;
    auto* function = source_->newFunction(NS::String::string("shifted", NS::UTF8StringEncoding), values, &error);
    auto* made = device_->newComputePipelineState(function, &error);
    auto* commands = queue_->commandBuffer();
    auto* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(made);
    encoder->setBuffer(x_, 0, 0);
    encoder->setBuffer(in_, 0, 1);
    encoder->setBuffer(count_, 0, 2);
    encoder->setBytes(&shift, sizeof shift, 3);
    encoder->setThreadgroupMemoryLength(16, 0);
    encoder->dispatchThreads(MTL::Size(128, 1, 1), MTL::Size(64, 1, 1));
    encoder->endEncoding();
    finish(commands);
    auto reports = metalhost::take_reports();
    ASSERT_EQ(reports.size(), shift ? 1u : 0u);
    if (shift) EXPECT_EQ(reports[0].site, line_after("void shifted("));
    EXPECT_EQ(commands->error() != nullptr, shift != 0);
    made->release();
    function->release();
    values->release();
  }
}

TEST_F(KernelChecks, TakeArgumentsThatSeveralConstantsLeaveOut) {
  compile(R"(#include <metal_stdlib>
using namespace metal;
constant bool a [[function_constant(0)]];
constant bool b [[function_constant(1)]];
constant bool c [[function_constant(2)]];
constant bool d [[function_constant(3)]];
kernel void chosen(device float* x [[buffer(0)]], device float* p [[buffer(1), function_constant(a)]],
                   device float* q [[buffer(2), function_constant(b)]],
                   device float* r [[buffer(3), function_constant(c)]],
                   device float* s [[buffer(4), function_constant(d)]], uint i [[thread_position_in_grid]]) {
  x[i] = 1;
}
)");
  auto* values = MTL::FunctionConstantValues::alloc()->init();
  const bool off = false;
  for (NS::UInteger index : {0, 1, 2, 3}) values->setConstantValue(&off, MTL::DataTypeBool, index);
  NS::Error* error = nullptr;
  auto* function = source_->newFunction(NS::String::string("chosen", NS::UTF8StringEncoding), values, &error);
  auto* made = device_->newComputePipelineState(function, &error);
  auto* commands = queue_->commandBuffer();
  auto* encoder = commands->computeCommandEncoder();
  encoder->setComputePipelineState(made);
  encoder->setBuffer(x_, 0, 0);
  encoder->dispatchThreads(MTL::Size(128, 1, 1), MTL::Size(64, 1, 1));
  encoder->endEncoding();
  finish(commands);
  EXPECT_TRUE(metalhost::take_reports().empty());
  EXPECT_EQ(floats(x_)[127], 1.0f);
  made->release();
  function->release();
  values->release();
}

TEST_F(KernelChecks, GiveTheResultsOfAKernelWithoutChecks) {
  const std::string text = kHead + R"(
kernel void turn(PARAMETERS) {
  shared[t] = in[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  x[i] = shared[63 - t] + float(simd_sum(i));
}
)";
  for (int k = 0; k < 128; ++k) floats(in_)[k] = static_cast<float>(k * k % 37);
  std::vector<float> results[2];
  for (bool checks : {false, true}) {
    metalhost::set_kernel_checks(checks);
    compile(text);
    EXPECT_TRUE(run("turn").empty());
    results[checks].assign(floats(x_), floats(x_) + 128);
    source_->release();
    source_ = nullptr;
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_NE(results[0][0], results[0][1]);
}

// METALHOST_SCHEDULE=every.
class EverySchedule : public KernelChecks {
 protected:
  void SetUp() override {
    KernelChecks::SetUp();
    metalhost::set_kernel_checks(false);
    setenv("METALHOST_SCHEDULE", "every", 1);
  }
  void TearDown() override {
    unsetenv("METALHOST_SCHEDULE");
    KernelChecks::TearDown();
  }
};

TEST_F(EverySchedule, ReportsWhatDependsOnTheOrderOfThreads) {
  compile(kHead + R"(
kernel void last_wins(PARAMETERS) {
  x[64] = float(i);
}
kernel void ticket(PARAMETERS) {
  x[i] = float(atomic_fetch_add_explicit(count, 1u, memory_order_relaxed));
}
)");
  for (const char* kernel : {"last_wins", "ticket"}) {
    auto reports = run(kernel);
    ASSERT_GE(reports.size(), 1u) << kernel;
    EXPECT_EQ(reports[0].rule, "schedule-dependence");
    EXPECT_TRUE(reports[0].object.starts_with("MTLBuffer #")) << reports[0].text();
    EXPECT_NE(reports[0].detail.find(kernel), std::string::npos) << reports[0].text();
  }
}

TEST_F(EverySchedule, RunsADispatchInPlaceOnTheSameInputEachTime) {
  compile(kHead + R"(
kernel void count_up(PARAMETERS) {
  x[i] += in[i];
  atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
}
)");
  EXPECT_TRUE(run("count_up").empty());
  EXPECT_EQ(floats(x_)[0], 1.0f);
  uint32_t count;
  std::memcpy(&count, count_->contents(), sizeof count);
  EXPECT_EQ(count, 128u);
}

}  // namespace
