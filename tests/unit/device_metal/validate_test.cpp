// What the backend refuses before MPS hears of it: each message names the matrix and says what to do.
#include <limits>
#include <utility>

#include "conformance/stored_weight.h"
#include "device/metal/mps_product.h"
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

TEST(MetalWeights, OfAnotherDeviceAreRefused) {
  Context cpu(open_backend({DeviceType::cpu, 0}));
  const WeightHandle weight = stored_weight(cpu, 2, 2, {1, 2, 3, 4}, QuantType::f32);
  const std::string message = error_of(ErrorCode::device_mismatch, [&] { metal_weight(weight); });
  EXPECT_NE(message.find("is on cpu:0, the op runs on metal"), std::string::npos) << message;
}

}  // namespace
}  // namespace temper::metal
