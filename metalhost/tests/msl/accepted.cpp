// What Metal takes and our house rules don't, or what is rare: compiled, and where it has a value, run.
#include <gtest/gtest.h>

#include "msl/compiler/compile.h"
#include "msl/compiler/lint.h"
#include "msl/runner/threadgroups.h"

namespace {

metalhost::msl::CompileOptions without_house_rules() {
  metalhost::msl::CompileOptions options;
  options.house_rules = false;
  return options;
}

struct AcceptedCase {
  const char* name;
  const char* before;  // at file scope
  const char* body;    // of a kernel that writes x[0 to 3]; expected to be 1, 2, 3, 4
};

class Accepted : public testing::TestWithParam<AcceptedCase> {
 protected:
  std::string source() const {
    return "#include <metal_stdlib>\nusing namespace metal;\n" + std::string(GetParam().before) +
           "\nkernel void k(device float* x [[buffer(0)]], constant float* in [[buffer(1)]], uint i "
           "[[thread_position_in_grid]]) {\n" +
           GetParam().body + "\n}\n";
  }
};

TEST_P(Accepted, GivesItsValues) {
  const auto object = metalhost::msl::compile(source(), "case.metal", without_house_rules());
  float x[4] = {}, in[4] = {1, 2, 3, 4};
  metalhost::msl::Launch launch;
  launch.buffers[0] = x;
  launch.buffers[1] = in;
  launch.threads = {4, 1, 1};
  launch.group_threads = {4, 1, 1};
  metalhost::msl::run_threadgroups(*object->find("k"), launch);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(x[i], float(i + 1)) << i;
}

TEST_P(Accepted, HasNoErrorOfLint) {
  const auto result = metalhost::msl::lint(source(), "case.metal", without_house_rules());
  for (const auto& error : result.errors) ADD_FAILURE() << error.message();
}

INSTANTIATE_TEST_SUITE_P(
    Metal, Accepted,
    testing::Values(
        AcceptedCase{
            "StaticMethodOfATypeWithArguments",
            "template <int N> struct Box { float v[N]; static Box<N> of(float v) { Box<N> b; b.v[0] = v; return "
            "b; } };",
            "x[i] = Box<2>::of(in[i]).v[0];"},
        AcceptedCase{"StaticMethodOfALocalType", "",
                     "struct Local { static float same(float v) { return v; } }; x[i] = Local::same(in[i]);"},
        AcceptedCase{"AttributesOfAFunctionThatIsNoKernel",
                     "void run(device float* y [[buffer(0)]], constant float* from [[buffer(1)]], uint n "
                     "[[thread_position_in_grid]]) { y[n] = from[n]; }",
                     "run(x, in, i);"},
        AcceptedCase{"InitialiserOfAThreadgroupVariable", "",
                     "threadgroup float a[4] = {0}; a[i] = in[i]; x[i] = a[i];"},
        AcceptedCase{
            "ChoiceBetweenObjectsOfTwoSpaces", "struct Pair { float a, b; }; constant constexpr Pair kNone = {0, 0};",
            "threadgroup Pair p[4]; p[i].a = in[i]; p[i].b = 0; const Pair q = i < 4 ? p[i] : kNone; x[i] = q.a;"},
        AcceptedCase{"PointerAndAnObjectThatConverts",
                     "struct One { constexpr operator int() const thread { return 1; } };",
                     "device float* y = x; y += One{} * int(i); y -= One{}; y[1] = in[i];"},
        AcceptedCase{"NestedNamespaces",
                     "namespace a::b { float same(float v) { return v; } }\n"
                     "namespace { float again(float v) { return v; } }",
                     "x[i] = again(a::b::same(in[i]));"},
        AcceptedCase{"StaticFunctionInANamespaceWithoutName", "namespace { static float same(float v) { return v; } }",
                     "x[i] = same(in[i]);"}),
    [](const auto& info) { return info.param.name; });

TEST(AcceptedArguments, ArraysAreBuffersLikePointers) {
  const auto object = metalhost::msl::compile(
      "#include <metal_stdlib>\nusing namespace metal;\nkernel void k(device float* x, constant const int64_t "
      "steps[2], "
      "uint i [[thread_position_in_grid]]) { x[i] = float(steps[i]); }\n",
      "case.metal", without_house_rules());
  const auto* kernel = object->find("k");
  ASSERT_EQ(kernel->argument_count, 3);
  EXPECT_EQ(kernel->arguments[1].kind, metalhost::msl::ArgumentKind::buffer);
  EXPECT_EQ(kernel->arguments[1].index, 1);
  EXPECT_FALSE(kernel->arguments[1].writes);
  float x[2] = {};
  int64_t steps[2] = {7, 9};
  metalhost::msl::Launch launch;
  launch.buffers[0] = x;
  launch.buffers[1] = steps;
  launch.threads = launch.group_threads = {2, 1, 1};
  metalhost::msl::run_threadgroups(*kernel, launch);
  EXPECT_EQ(x[0], 7);
  EXPECT_EQ(x[1], 9);
}

TEST(AcceptedConstants, AreQualifiedInAnyOrder) {
  const auto object = metalhost::msl::compile(
      "#include <metal_stdlib>\nusing namespace metal;\nstatic constant constexpr const int a "
      "[[function_constant(3)]];\n"
      "const constant bool b [[function_constant(1)]];\n"
      "kernel void k(device float* x [[buffer(0)]]) { x[0] = b ? float(a) : 0; }\n",
      "case.metal");
  ASSERT_EQ(object->constants().size(), 2u);
  std::map<uint64_t, std::vector<std::byte>> values;
  values[3] = {std::byte{5}, {}, {}, {}};
  values[1] = {std::byte{1}};
  const auto special = metalhost::msl::specialise(*object, values);
  float x[1] = {};
  metalhost::msl::Launch launch;
  launch.buffers[0] = x;
  launch.threads = launch.group_threads = {1, 1, 1};
  metalhost::msl::run_threadgroups(*special->find("k"), launch);
  EXPECT_EQ(x[0], 5);
}

// Objects may lie in two spaces where values are copied; what points into them may not.
TEST(AcceptedSpaces, EndWherePointersBegin) {
  for (const char* wrong : {"threadgroup float a[4]; device float* p = i < 2 ? x : a; p[0] = 1;",
                            "threadgroup float a[4]; x[i] = float(x - a);"}) {
    const auto result = metalhost::msl::lint(
        "#include <metal_stdlib>\nusing namespace metal;\nkernel void k(device float* x [[buffer(0)]], uint i "
        "[[thread_position_in_grid]]) {\n" +
            std::string(wrong) + "\n}\n",
        "case.metal");
    EXPECT_EQ(result.errors.size(), 1u) << wrong;
  }
}

}  // namespace
