// What the backend refuses before MPS hears of it: each message names the matrix and says what to do.
#include <limits>
#include <utility>

#include "conformance/stored_weight.h"
#include "device/metal/mps_product.h"
#include "device/metal/mps_rows.h"
#include "device/metal/weight.h"
#include "metal_fixture.h"

namespace temper::metal {
namespace {

using testing::error_of;
using testing::metal_backend;
using testing::numbers;

class MetalValidate : public ::testing::Test {
 protected:
  /// x [2, 4, 3] times y [2, 3, 5] into z [2, 4, 5]: nothing is wrong with it.
  MetalValidate() : ctx_(metal_backend()) {
    const Shape batch{2};
    product_ = {.left = stack_of(operand_of({2, 4, 3}), "x", batch),
                .right = stack_of(operand_of({2, 3, 5}), "y", batch),
                .result = stack_of(operand_of({2, 4, 5}), "z", batch)};
  }

  Operand operand_of(const Shape& shape) {
    const auto count = static_cast<size_t>(shape.elements());
    return operand(upload(ctx_, numbers(count, 1), shape));
  }

  /// The product is refused with this code, and the message holds each of the words.
  void expect_refusal(ErrorCode code, std::initializer_list<const char*> words) const {
    expect_words(error_of(code, [&] { validate("matmul", product_); }), words);
  }
  /// So is x alone, as an operand of softmax.
  void expect_refusal_of_x(ErrorCode code, std::initializer_list<const char*> words) const {
    expect_words(error_of(code, [&] { validate("softmax", product_.left); }), words);
  }

  Context ctx_;
  Product product_;

 private:
  static void expect_words(const std::string& message, std::initializer_list<const char*> words) {
    for (const char* word : words)
      EXPECT_NE(message.find(word), std::string::npos) << "'" << word << "' is missing in: " << message;
  }
};

TEST_F(MetalValidate, TakesWhatIsRight) {
  EXPECT_EQ(error_of(ErrorCode::internal, [&] { validate("matmul", product_); }), "");
  product_.left.matrix_bytes = 0;  // one for the whole batch
  EXPECT_EQ(error_of(ErrorCode::internal, [&] { validate("matmul", product_); }), "");
}

TEST_F(MetalValidate, Bf16WhichAbortsTheProcess) {
  product_.left.dtype = product_.right.dtype = DType::bf16;
  expect_refusal(ErrorCode::dtype_mismatch, {"matmul: x is bf16", "f32 and f16", "cast"});
  expect_refusal_of_x(ErrorCode::dtype_mismatch, {"softmax: x is bf16", "cast"});
}

TEST_F(MetalValidate, MixedTypes) {
  product_.right.dtype = DType::f16;
  expect_refusal(ErrorCode::dtype_mismatch, {"matmul: x is f32, y f16", "z f32", "one type"});
}

TEST_F(MetalValidate, AnF16ResultOfF32) {
  product_.result.dtype = DType::f16;
  expect_refusal(ErrorCode::dtype_mismatch, {"z f16", "f16 x f16 -> f32"});
}

TEST_F(MetalValidate, InnerDimensionsThatDiffer) {
  product_.trans_right = true;
  expect_refusal(ErrorCode::shape_mismatch,
                 {"x [4,3]", "y [3,5] transposed", "inner dimensions 3 and 5", "transpose y"});
}

TEST_F(MetalValidate, AResultOfAnotherShape) {
  product_.result.rows = 3;
  expect_refusal(ErrorCode::shape_mismatch, {"z is [3,5]", "product [4,5]", "make z"});
}

TEST_F(MetalValidate, BatchesThatDiffer) {
  product_.right.count = 1;
  expect_refusal(ErrorCode::shape_mismatch, {"x, y and z have 2, 1 and 2 matrices", "broadcast"});
}

TEST_F(MetalValidate, ATransposedResult) {
  product_.result.transposed = true;
  expect_refusal(ErrorCode::invalid_argument, {"z must be written row by row", "copy"});
}

TEST_F(MetalValidate, AResultThatIsOneMatrixForTheWholeBatch) {
  product_.result.matrix_bytes = 0;
  expect_refusal(ErrorCode::invalid_argument, {"z must be written", "each matrix once"});
}

TEST_F(MetalValidate, AMatrixOfAnotherDevice) {
  Context cpu(open_backend({DeviceType::cpu, 0}));
  product_.left.operand = operand(upload(cpu, numbers(24, 1), {2, 4, 3}));
  expect_refusal(ErrorCode::device_mismatch, {"x is on cpu:0", "copy it"});
}

TEST_F(MetalValidate, AnEmptyMatrix) {
  product_.left.rows = 0;
  expect_refusal_of_x(ErrorCode::shape_mismatch, {"x is 2 matrices of [0,3]", "skip"});
}

TEST_F(MetalValidate, ASideOver31Bits) {
  product_.left.count = 1;
  product_.left.rows = int64_t{std::numeric_limits<int32_t>::max()} + 1;
  expect_refusal_of_x(ErrorCode::shape_mismatch, {"x [2147483648,3]", "31 bits", "split"});
}

TEST_F(MetalValidate, RowsThatOverlap) {
  product_.left.row_bytes = 8;
  expect_refusal(ErrorCode::invalid_argument, {"x [4,3] of f32", "rows 8 bytes apart", "copy"});
}

TEST_F(MetalValidate, RowBytesThatSplitAnElement) {
  product_.right.row_bytes = 22;
  expect_refusal(ErrorCode::invalid_argument, {"y [3,5]", "rows 22 bytes apart", "copy"});
}

TEST_F(MetalValidate, AnOffsetInsideAnElement) {
  product_.right.offset += 2;
  expect_refusal(ErrorCode::invalid_argument, {"y begins at byte", "splits an element of f32", "copy"});
}

TEST_F(MetalValidate, AMatrixPastItsBuffer) {
  const size_t length = memory_of(*product_.left.operand.buffer).buffer().length();
  // The last of 2 x 4 rows of 3 floats ends exactly with the buffer, then one element later.
  product_.left.offset = length - size_t{2} * 4 * 3 * 4;
  EXPECT_EQ(error_of(ErrorCode::internal, [&] { validate("softmax", product_.left); }), "");
  product_.left.offset += 4;
  expect_refusal_of_x(ErrorCode::shape_mismatch, {"x [4,3]", "ends at byte", "fewer rows"});
}

TEST_F(MetalValidate, AMatrixOfTheBatchPastItsBuffer) {
  product_.left.matrix_bytes = int64_t{1} << 40;
  expect_refusal_of_x(ErrorCode::shape_mismatch, {"x [4,3]", "ends at byte"});
}

TEST_F(MetalValidate, AResultThatOverlapsEitherSource) {
  const Operand z = product_.result.operand;
  for (MatrixStack* source : {&product_.left, &product_.right}) {
    const Operand kept = std::exchange(source->operand, z);
    expect_refusal(ErrorCode::invalid_argument, {"z overlaps", source->name.data(), "copy one"});
    source->operand = kept;
  }
}

/// The 2 largest of each row of x [3, 5], and softmax of x into y.
class MetalValidateRows : public ::testing::Test {
 protected:
  MetalValidateRows() : ctx_(metal_backend()) {
    x_ = *rows_of(operand(upload(ctx_, numbers(15, 1), {3, 5})), "x");
    y_ = *rows_of(operand(upload(ctx_, numbers(15, 2), {3, 5})), "y");
    values_ = *rows_of(operand(upload(ctx_, numbers(6, 3), {3, 2})), "values");
    indices_ = *rows_of(operand(upload(ctx_, std::vector<int32_t>(6), {3, 2})), "indices");
  }

  void expect_top_k(ErrorCode code, std::string_view words) const {
    const std::string message = error_of(code, [&] { validate_top_k("top_k", x_, values_, indices_, k_); });
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
  void expect_rows(ErrorCode code, std::string_view words) const {
    const std::string message = error_of(code, [&] { validate_rows("softmax", {&x_}, y_); });
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }

  Context ctx_;
  MatrixStack x_, y_, values_, indices_;
  int64_t k_ = 2;
};

TEST_F(MetalValidateRows, TakesWhatIsRight) {
  EXPECT_EQ(error_of(ErrorCode::internal, [&] { validate_top_k("top_k", x_, values_, indices_, 2); }), "");
  EXPECT_EQ(error_of(ErrorCode::internal, [&] { validate_rows("softmax", {&x_}, y_); }), "");
}

TEST_F(MetalValidateRows, ResultsOfAnotherShape) {
  y_.rows = 2;
  expect_rows(ErrorCode::shape_mismatch, "x is [3,5], 1 of them; it must be one of [2,5]");
  values_.rows = 2;
  expect_top_k(ErrorCode::shape_mismatch, "values is [2,2], 1 of them; it must be one of [3,2]");
  values_.rows = 3;
  indices_.columns = 1;
  expect_top_k(ErrorCode::shape_mismatch, "indices is [3,1]");
}

TEST_F(MetalValidateRows, ResultsOfAnotherType) {
  y_.dtype = DType::f16;
  expect_rows(ErrorCode::dtype_mismatch, "x [3,5] of f32, but y [3,5] of f16");
  values_.dtype = DType::f16;
  expect_top_k(ErrorCode::dtype_mismatch, "x [3,5] of f32, but values [3,2] of f16");
  values_.dtype = DType::f32;
  indices_.dtype = DType::f32;
  expect_top_k(ErrorCode::dtype_mismatch, "indices is f32; MPS writes indices of 32 bits: make it i32");
}

TEST_F(MetalValidateRows, IndicesPastTheirBuffer) {
  indices_.offset = memory_of(*indices_.operand.buffer).buffer().length() - 4;
  expect_top_k(ErrorCode::shape_mismatch, "indices [3,2] ends at byte");
  indices_.offset = 2;
  expect_top_k(ErrorCode::invalid_argument, "indices begins at byte 2");
}

TEST_F(MetalValidateRows, MoreThanSixteenOrThanThereAre) {
  k_ = 0;
  expect_top_k(ErrorCode::invalid_argument, "the 0 largest of 5 columns; MPS finds 1 to 16");
  k_ = 6;
  expect_top_k(ErrorCode::invalid_argument, "the 6 largest of 5 columns");
  x_.columns = 20;
  k_ = 17;
  expect_top_k(ErrorCode::invalid_argument, "the 17 largest of 20 columns");
}

TEST_F(MetalValidateRows, MemoryThatIsShared) {
  y_.operand = x_.operand;
  expect_rows(ErrorCode::invalid_argument, "y overlaps x");
  values_.operand = x_.operand;
  expect_top_k(ErrorCode::invalid_argument, "values overlaps x");
  values_.operand = indices_.operand;
  expect_top_k(ErrorCode::invalid_argument, "indices overlaps values");
}

TEST(MetalWeights, OfAnotherDeviceAreRefused) {
  Context cpu(open_backend({DeviceType::cpu, 0}));
  const WeightHandle weight = stored_weight(cpu, 2, 2, {1, 2, 3, 4}, QuantType::f32);
  const std::string message = error_of(ErrorCode::device_mismatch, [&] { metal_weight(weight); });
  EXPECT_NE(message.find("is on cpu:0, the op runs on metal"), std::string::npos) << message;
}

}  // namespace
}  // namespace temper::metal
