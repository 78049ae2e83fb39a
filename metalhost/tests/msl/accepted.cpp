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
        AcceptedCase{
            "MethodsThatDifferByAddressSpaceAlone",
            "struct Two { float a, b; template <typename U, typename = enable_if_t<!is_same_v<U, Two>>> Two(U v) "
            "thread : a(v), b{0} {} template <typename U, typename = enable_if_t<!is_same_v<U, Two>>> Two(U v) "
            "threadgroup : a(v), b{0} {} operator float() const thread { return a + b; } operator float() const "
            "device { return a + b; } };",
            "x[i] = Two(in[i]);"},
        AcceptedCase{
            "HintsWithMacros", "#define LEAST(a, b) ((a) < (b) ? (a) : (b))",
            "float sum = 0;\n#pragma unroll (LEAST(4, 8))\nfor (int j = 0; j < 4; ++j) sum += j == int(i) ? in[j] "
            ": 0.0f;\nx[i] = sum;"},
        AcceptedCase{
            "MathematicsOfBfloatIsOfFloat", "",
            "bfloat b = bfloat(in[i]); float c = exp(b) - exp(float(b)) + max(b, bfloat(0.0f)) - abs(b); x[i] = c "
            "+ fma(b, bfloat(1.0f), bfloat(0.0f));"},
        AcceptedCase{"MatricesOfAnotherType", "",
                     "half2x2 a(float2x2(float2(1, 2), float2(3, 4))); x[i] = a[i / 2][i % 2];"},
        AcceptedCase{"LanesFilledFromOtherValues", "",
                     "float a = simd_shuffle_and_fill_down(in[i], in[i] + 4, ushort(1), ushort(4)); x[i] = a - 1;"},
        AcceptedCase{"FunctionsOfThree", "",
                     "int e; float m = frexp(in[i], e); x[i] = ldexp(m, e) + median3(0.0f, in[i], -5.0f) + fmin3(0.0f, "
                     "1.0f, 2.0f);"},
        AcceptedCase{"SpecialisationsThatDifferByAddressSpaceAlone",
                     "template <class T> struct element_of {};\n"
                     "template <class T> struct element_of<device T*> { using type = T; };\n"
                     "template <class T> struct element_of<thread T*> { using type = T; };",
                     "element_of<device float*>::type v = in[i]; x[i] = v;"},
        AcceptedCase{
            "FunctionsThatDifferByAddressSpaceAlone",
            "template <class T> void set(device T& a, T b) { a = b; }\n"
            "template <class T> void set(threadgroup T& a, T b) { a = b; }\n"
            "struct Sum { float v; void add(const device float* p) { v += *p; } void add(const thread float* p) { v "
            "+= *p; } };",
            "threadgroup float a[4]; set(a[i], float(in[i])); set(x[i], a[i]); Sum s = {0}; s.add(x + i); x[i] = "
            "s.v;"},
        AcceptedCase{"HalfAndBfloatWhereACastIsWritten",
                     "template <class U, class T> U as(T v) { return static_cast<U>(v); }",
                     "half h = as<half>(as<bfloat>(half(in[i]))); half2 v = half2(bfloat2(float2(in[i]))); x[i] = h + "
                     "v.x - v.y;"},
        AcceptedCase{"VectorsOfFewerInBraces",
                     "union Bits { uint2 words; uchar4 bytes[2]; };\n"
                     "Bits of(uint a) { Bits b; b.words = uint2(a, 0u); return b; }",
                     "float4 v = {in[i], 0}; x[i] = v.x + v.y + v.z + v.w + float(of(512).bytes[0].y) - 2;"},
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

TEST(AcceptedKernels, AreFoundByTheirSignature) {
  const std::string source =
      "#include <metal_stdlib>\nusing namespace metal;\ntemplate <int N> struct Sizes { int size[N]; };\n"
      "template <typename T, int N> [[kernel]] void k(device T* x [[buffer(0)]], constant Sizes<N>& s [[buffer(1)]]) "
      "{\n"
      "  x[0] = T(N + s.size[N - 1]);\n}\n"
      "template [[host_name(\"k2\")]] [[kernel]] void k(device float* x [[buffer(0)]], constant Sizes<2>& s "
      "[[buffer(1)]]);\n";
  const auto object = metalhost::msl::compile(source, "case.metal", without_house_rules());
  float x[1] = {};
  int sizes[2] = {1, 40};
  metalhost::msl::Launch launch;
  launch.buffers[0] = x;
  launch.buffers[1] = sizes;
  metalhost::msl::run_threadgroups(*object->find("k2"), launch);
  EXPECT_EQ(x[0], 42);
  EXPECT_TRUE(metalhost::msl::lint(source, "case.metal", without_house_rules()).unchecked.empty());
}

TEST(AcceptedKernels, AreNotGuessedAmongOverloads) {
  try {
    metalhost::msl::compile(
        "\ntemplate <int N> kernel void k(device float* x [[buffer(0)]]) {}\n"
        "template <typename T> kernel void k(device T* x [[buffer(1)]]) {}\n",
        "case.metal");
    FAIL() << "was accepted";
  } catch (const metalhost::msl::CompileError& error) {
    EXPECT_NE(std::string(error.what()).find("case.metal:3:35: error: there are two kernels 'k'"), std::string::npos)
        << error.what();
  }
}

TEST(AcceptedMatrices, MultiplyAsOperators) {
  const auto object = metalhost::msl::compile(
      "#include <metal_stdlib>\nusing namespace metal;\nkernel void k(device float* x [[buffer(0)]]) {\n"
      "  simdgroup_float8x8 a;\n  simdgroup_load(a, x, 8);\n  simdgroup_store(a * a, x, 8);\n}\n",
      "case.metal");
  float x[64] = {};
  for (int i = 0; i < 8; ++i) x[8 * i + (i + 1) % 8] = 2;  // shifts, and doubles
  metalhost::msl::Launch launch;
  launch.buffers[0] = x;
  launch.threads = launch.group_threads = {32, 1, 1};
  metalhost::msl::run_threadgroups(*object->find("k"), launch);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(x[i], i % 8 == (i / 8 + 2) % 8 ? 4 : 0) << i;
}

TEST(AcceptedKernels, HaveALimitOfThreadsByTheirTemplateArguments) {
  const auto object = metalhost::msl::compile(
      "#include <metal_stdlib>\nusing namespace metal;\nnamespace a {\ntemplate <typename T, int N, int M = 2>\n"
      "[[kernel, max_total_threads_per_threadgroup(N * M * 32)]] void k(device T* x [[buffer(0)]]) { x[0] = N; }\n"
      "template [[host_name(\"k3\")]] [[kernel]] decltype(k<float, 3>) k<float, 3>;\n"
      "template [[host_name(\"k5\")]] [[kernel]] void k<half, 5, 1>(device half*);\n}\n",
      "case.metal");
  EXPECT_EQ(object->find("k3")->max_threads, 192);
  EXPECT_EQ(object->find("k5")->max_threads, 160);
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

// Metal asks for the constants that a function uses, by whatever way it comes to them.
TEST(AcceptedConstants, AreThoseOfTheKernel) {
  const auto object = metalhost::msl::compile(R"(#include <metal_stdlib>
using namespace metal;
constant bool direct [[function_constant(0)]];
constant bool called [[function_constant(1)]];
constant bool derived [[function_constant(2)]];
constant bool argument [[function_constant(3)]];
constant bool given [[function_constant(4)]];
constant bool unused [[function_constant(5)]];
constant bool by_operator [[function_constant(6)]];
constant bool by_method [[function_constant(7)]];
constant bool not_derived = !derived;
inline float half_of(float x) { return called ? x / 2 : x; }
namespace a { template <typename T, int N = (3 > 2)> inline T twice(T x) { return 2 * half_of(x); } }
struct Op { float apply(float x) const { return given ? x : -x; } };
struct Pair { float a, b; Pair operator+(Pair o) const { return {by_operator ? a : o.a, b}; } };
struct Loader { template <typename T> static T load(T x) { return by_method ? x : T(0); } };
template <typename O> kernel void with(device float* x [[buffer(0)]]) { x[0] = O().apply(x[0]); }
template [[host_name("with_op")]] [[kernel]] decltype(with<Op>) with<Op>;
kernel void plain(device float* x [[buffer(0)]]) { x[0] = 1; }
kernel void directly(device float* x [[buffer(0)]]) { x[0] = direct; }
kernel void by_call(device float* x [[buffer(0)]]) { x[0] = a::twice(x[0]); }
kernel void by_constant(device float* x [[buffer(0)]]) { x[0] = not_derived; }
kernel void by_argument(device float* x [[buffer(0)]], device float* y [[buffer(1), function_constant(argument)]]) {}
kernel void by_type(device float* x [[buffer(0)]]) { x[0] = Loader::load(x[0]); }
)",
                                              "case.metal");
  constexpr uint64_t kOperator = 1 << 6;  // has no name, so that each may use it
  const std::pair<const char*, uint64_t> expected[] = {
      {"plain", 0},        {"directly", 1 << 0}, {"by_call", 1 << 1}, {"by_constant", 1 << 2}, {"by_argument", 1 << 3},
      {"with_op", 1 << 4}, {"by_type", 1 << 7}};
  for (const auto& [name, used] : expected) {
    const uint64_t found = object->find(name)->constants[0];
    EXPECT_EQ(found & ~kOperator, used) << name;
  }
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
