#include "mutation/mutations.h"

#include <gtest/gtest.h>

namespace temper::mutation {
namespace {

/// What becomes of the text by each mistake of an operator, in order.
std::vector<std::string> mutants(Operator op, std::string_view text) {
  std::vector<std::string> all;
  for (const Mutation& mutation : mutations_of(text))
    if (mutation.op == op) all.push_back(mutation.applied_to(text));
  return all;
}
using Texts = std::vector<std::string>;

TEST(Mutations, ABarrierGoes) {
  EXPECT_EQ(mutants(Operator::drop_barrier, "a; threadgroup_barrier(mem_flags::mem_threadgroup); b;"),
            (Texts{"a; ; b;"}));
}

TEST(Mutations, AnIndexMovesBothWays) {
  EXPECT_EQ(mutants(Operator::shift_index, "y = x[i];"), (Texts{"y = x[(i) + 1];", "y = x[(i) - 1];"}));
  EXPECT_EQ(
      mutants(Operator::shift_index, "return x[i][j];"),
      (Texts{"return x[(i) + 1][j];", "return x[(i) - 1][j];", "return x[i][(j) + 1];", "return x[i][(j) - 1];"}));
}

TEST(Mutations, ExtentsAndAttributesAreNoIndices) {
  EXPECT_TRUE(mutants(Operator::shift_index, "threadgroup float parts[kMost];").empty());
  EXPECT_TRUE(mutants(Operator::shift_index, "device const T* x [[buffer(0)]], uint i [[thread_index]]").empty());
  EXPECT_TRUE(mutants(Operator::shift_index, "vec<T, 4> parts[4];").empty());
}

TEST(Mutations, ABoundIsOneOff) {
  EXPECT_EQ(mutants(Operator::change_bound, "if (i < n)"), (Texts{"if (i <= n)", "if (i + 1 < n)"}));
  EXPECT_EQ(mutants(Operator::change_bound, "i >= n"), (Texts{"i > n", "i + 1 >= n"}));
  EXPECT_TRUE(mutants(Operator::change_bound, "template <class T> vec<T, 4> f(as_type<uint>(x));").empty());
}

TEST(Mutations, OperandsChangePlaces) {
  EXPECT_EQ(mutants(Operator::swap_operand, "a - b.c"), (Texts{"b.c - a"}));
  EXPECT_EQ(mutants(Operator::swap_operand, "p.d / 2.0f"), (Texts{"2.0f / p.d"}));
  EXPECT_EQ(mutants(Operator::swap_operand, "f(a) - b"), (Texts{"f(a) + b"}));
  EXPECT_EQ(mutants(Operator::swap_operand, "a - x[i]"), (Texts{"a + x[i]"}));
  EXPECT_EQ(mutants(Operator::swap_operand, "a + b * c"), (Texts{"a - b * c", "a + b + c"}));
  EXPECT_TRUE(mutants(Operator::swap_operand, "f(-a, *b, T* c);").empty());
}

TEST(Mutations, AnAccumulationForgets) {
  EXPECT_EQ(mutants(Operator::drop_accumulation, "s += x;"), (Texts{"s = x;"}));
  EXPECT_EQ(mutants(Operator::drop_accumulation, "m = max(m, x);"), (Texts{"m = (x);"}));
  EXPECT_TRUE(mutants(Operator::drop_accumulation, "m = max(x, m);").empty());
  EXPECT_EQ(mutants(Operator::drop_accumulation, "for (uint i = a; i < n; i += c) s += x[i];"),
            (Texts{"for (uint i = a; i < n; i += c) s = x[i];"}));
}

TEST(Mutations, CommentsDirectivesAndStringsStayAsTheyAre) {
  EXPECT_TRUE(mutations_of("// a - b\n/* x[i] < n */\n#define F(a) a + 1 \\\n  - 2\n\"a - b\"\n").empty());
}

TEST(Mutations, LinesCountFromOne) {
  const auto found = mutations_of("#include \"x\"\n/* one\n two */\n\ns += x;\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 5);
}

}  // namespace
}  // namespace temper::mutation
