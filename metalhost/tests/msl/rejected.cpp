// What Metal rejects, and what the front end does not understand: each is an error with its line.
#include <gtest/gtest.h>

#include "msl/compiler/compile.h"
#include "msl/compiler/tokens.h"

namespace {

struct Case {
  const char* name;
  const char* line;     // becomes line 4, inside the kernel
  const char* message;  // a part of what is said
};

class Rejected : public testing::TestWithParam<Case> {};

TEST_P(Rejected, WithFileAndLine) {
  std::string source = R"(#include <metal_stdlib>
using namespace metal;
kernel void k(device float* x [[buffer(0)]], device bfloat* b [[buffer(1)]], constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]]) {
)" + std::string(GetParam().line) +
                       "\n}\n";
  try {
    metalhost::msl::compile(source, "case.metal");
    FAIL() << "was accepted: " << GetParam().line;
  } catch (const metalhost::msl::CompileError& error) {
    std::string text = error.what();
    EXPECT_NE(text.find("case.metal:4:"), std::string::npos) << text;
    EXPECT_NE(text.find(GetParam().message), std::string::npos) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Metal, Rejected,
    testing::Values(
        Case{"Double", "double d = 1; x[i] = d;", "no double"},
        Case{"New", "auto* p = new float[4];", "dynamic memory"},
        Case{"Try", "try { x[i] = 1; } catch (...) {}", "exceptions"}, Case{"Goto", "goto end; end: x[i] = 1;", "goto"},
        Case{"Std", "x[i] = std::fabs(x[i]);", "use metal"}, Case{"CMaths", "x[i] = expf(x[i]);", "use exp"},
        Case{"Printf", "printf(\"x\");", "printf"}, Case{"ImplicitBfloat", "b[i] = x[i];", "bfloat"},
        Case{"VectorConversion", "float4 v(1.0); half4 w = v; x[i] = w.x;", "no viable conversion"},
        Case{"MixedMax", "x[i] = max(x[i], 1);", "max"}, Case{"MixedMin", "x[i] = min(n, 3);", "min"},
        Case{"WriteToConstant", "n = 3;", "const"}, Case{"StaticVariable", "static int s = 0; x[i] = s++;", "static"},
        Case{"TwoThreadgroupVariables", "threadgroup float p[4], q[4];", "one threadgroup variable"},
        Case{"ThreadgroupInitialiser", "threadgroup float p = 1;", "initialiser"},
        Case{"VectorOfTooFew", "float4 v(1.0, 2.0); x[i] = v.x;", ""},
        Case{"MixedVectors", "float2 v(1.0); int2 w(1); x[i] = (v + w).x;", ""},
        Case{"UnknownAttribute", "[[metalhost_unknown]] float v = 1; x[i] = v;", "not understood"},
        Case{"NameOfApplesCompiler", "x[i] = __metal_exp(x[i], true);", "without a specification"},
        Case{"UndeclaredName", "x[i] = undeclared;", "undeclared"},
        Case{"MatrixOfInt", "simdgroup_matrix<int, 8, 8> m; (void)m;", ""},
        Case{"MatrixOfFour", "simdgroup_matrix<float, 4, 4> m; (void)m;", ""},
        Case{"StorePastTypes", "simdgroup_float8x8 m(1.0f); simdgroup_store(m, b, 8);", "simdgroup_store"}),
    [](const auto& info) { return info.param.name; });

TEST(RejectedArguments, AnArgumentWithoutItsIndex) {
  for (const char* argument : {"device float* x", "device float* x [[buffer]]", "float* x [[buffer(0)]]",
                               "device float x [[buffer(0)]]", "uint i", "uint* i [[thread_position_in_grid]]",
                               "uint i [[no_such_attribute]]", "device float* t [[threadgroup(0)]]"}) {
    try {
      metalhost::msl::compile("\nkernel void k(" + std::string(argument) + ") {}\n", "case.metal");
      ADD_FAILURE() << "was accepted: " << argument;
    } catch (const metalhost::msl::CompileError& error) {
      ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
      EXPECT_EQ(error.diagnostics()[0].file, "case.metal");
      EXPECT_EQ(error.diagnostics()[0].line, 2);
      EXPECT_GE(error.diagnostics()[0].column, 15) << error.what();
    }
  }
}

}  // namespace
