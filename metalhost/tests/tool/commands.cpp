// The program metalhost, as a person at a terminal uses it.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tool/npy.h"

namespace {

class Tool : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "metalhost_tool." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  // What it prints; its exit code in status_.
  std::string metalhost(const std::string& arguments) {
    const std::string command = "cd '" + folder_ + "' && '" METALHOST_PROGRAM "' " + arguments + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    status_ = WEXITSTATUS(pclose(pipe));
    return out;
  }

  std::string folder_;
  int status_ = -1;
};

constexpr const char* kScale = R"(#include <metal_stdlib>
#include "factor.h"
using namespace metal;
constant bool negate [[function_constant(3)]];
kernel void scale(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                  constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < n) y[i] = FACTOR * (negate ? -x[i] : x[i]);
}
)";

TEST_F(Tool, LintReportsEveryErrorWithItsPlace) {
  write("bad.metal", R"(#include <metal_stdlib>
using namespace metal;
kernel void k(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  double a = 1;
  float* p = x;
}
kernel void j(device float* x [[buffer(31)]], device float* y) {}
)");
  const std::string out = metalhost("lint bad.metal");
  EXPECT_EQ(status_, 1);
  for (const char* part : {"bad.metal:4:3: error: 'double'", "bad.metal:5:3: error: 'float *' points to no address",
                           "buffer index 31", "'device float* y' has no attribute", "4 errors in 1 file"}) {
    EXPECT_NE(out.find(part), std::string::npos) << part << " in\n" << out;
  }
}

TEST_F(Tool, LintReportsWhatOnlyTheCompilerSees) {
  write("bad.metal", R"(#include <metal_stdlib>
using namespace metal;
template <typename T>
kernel void k(device T* x [[buffer(0)]]) {
  x[0] = max(x[1], 1);
}
template [[host_name("k_f32")]] kernel void k<float>(device float*);
kernel void j(device float* x [[buffer(0)]]) { x[0] = undeclared; }
)");
  const std::string out = metalhost("lint bad.metal");
  EXPECT_EQ(status_, 1);
  for (const char* part : {"bad.metal:5:10: error: no matching function for call to 'max'",
                           "bad.metal:8:55: error: use of undeclared identifier", "2 errors in 1 file"}) {
    EXPECT_NE(out.find(part), std::string::npos) << part << " in\n" << out;
  }
}

TEST_F(Tool, LintChecksAddressSpaces) {
  write("spaces.metal", R"(#include <metal_stdlib>
using namespace metal;
void load(threadgroup float* to, device const float* from) { to[0] = from[0]; }
kernel void k(device float* x [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  threadgroup float s[32];
  load(s, x);
  load(s, s);
  device   float*   p = s;
  x[i] = s[0] + p[0];
}
)");
  const std::string out = metalhost("lint -v spaces.metal");
  EXPECT_EQ(status_, 1);
  EXPECT_NE(out.find("spaces.metal:7:3: error: no matching function for call to 'load'"), std::string::npos) << out;
  EXPECT_NE(out.find("spaces.metal:8:21: error: "), std::string::npos) << out;
  EXPECT_NE(out.find("2 errors"), std::string::npos) << out;
}

TEST_F(Tool, LintTakesWhatIsGoodAndFindsIncludes) {
  write("scale.metal", kScale);
  EXPECT_NE(metalhost("lint scale.metal").find("scale.metal:2:10: error: 'factor.h' file not found"),
            std::string::npos);
  write("factor.h", "#define FACTOR 3\n");
  EXPECT_EQ(metalhost("lint scale.metal scale.metal"), "0 errors in 2 files, 2 kernels, 0 with errors\n");
  EXPECT_EQ(status_, 0);
  EXPECT_EQ(metalhost("lint --json scale.metal"),
            R"({"address_spaces_unchecked":[],"errors":[],"file":"scale.metal","kernels":["scale"]})"
            "\n");
}

TEST_F(Tool, RunReadsAndWritesArrays) {
  using namespace metalhost::tool;
  write("scale.metal", kScale);
  write("factor.h", "#define FACTOR 3\n");
  Array x{ElementType::f32, {2, 2}, {}};
  const float values[4] = {1, 2, 3, 4};
  x.bytes.assign(reinterpret_cast<const std::byte*>(values), reinterpret_cast<const std::byte*>(values + 4));
  save_npy(folder_ + "/x.npy", x);
  const std::string out = metalhost(
      "run scale.metal --kernel scale --grid 8 --threads 4 --buffer 0=x.npy --buffer 1=zeros:f32:2,2 "
      "--buffer 2=scalar:u32:4 --constant negate=bool:true --out 1=y.npy");
  EXPECT_EQ(status_, 0) << out;
  EXPECT_NE(out.find("8 threads in 2 threadgroups"), std::string::npos) << out;
  const Array y = load_npy(folder_ + "/y.npy");
  EXPECT_EQ(y.description(), "f32 [2, 2]");
  float last = 0;
  std::memcpy(&last, y.bytes.data() + 12, sizeof last);
  EXPECT_EQ(last, -12);
}

TEST_F(Tool, RunReportsBrokenContracts) {
  write("scale.metal", kScale);
  write("factor.h", "#define FACTOR 3\n");
  const std::string begin = "run scale.metal --kernel scale --grid 8 --threads 4 --buffer 0=zeros:f32:4 ";
  EXPECT_NE(metalhost(begin + "--constant 3=bool:true").find("[missing-argument]"), std::string::npos);
  EXPECT_EQ(status_, 1);
  EXPECT_NE(metalhost(begin).find("[function-constant]"), std::string::npos);
  EXPECT_EQ(status_, 1);
  EXPECT_NE(metalhost(begin + "--constant 4=bool:true").find("no such function constant"), std::string::npos);
  EXPECT_EQ(status_, 2);
}

TEST_F(Tool, RunFindsTheRaceOfTheExample) {
  const std::string out = metalhost("run " METALHOST_TESTS
                                    "/../example/row_sum.metal --kernel row_sum --grid 256 --threads 64 "
                                    "--buffer 0=fill:f32:4,100:1.5 --buffer 1=zeros:f32:4 --buffer 2=scalar:u32:100");
  EXPECT_EQ(status_, 1);
  EXPECT_NE(out.find("row_sum.metal:13: [unwritten-memory]"), std::string::npos) << out;
  EXPECT_NE(
      out.find("row_sum.metal:11: [thread-race] kernel 'row_sum': thread 32 of threadgroup (0, 0, 0) writes bytes "
               "128..132 of it; thread 0 of threadgroup (0, 0, 0) reads them at row_sum.metal:13"),
      std::string::npos)
      << out;
}

}  // namespace
