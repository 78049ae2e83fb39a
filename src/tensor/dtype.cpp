#include "temper/dtype.h"

#include "base/fail.h"

namespace temper {
namespace {

struct DTypeName {
  DType dtype;
  std::string_view name;
};
constexpr DTypeName kDTypeNames[] = {{DType::f32, "f32"}, {DType::f16, "f16"},     {DType::bf16, "bf16"},
                                     {DType::f64, "f64"}, {DType::i32, "i32"},     {DType::i64, "i64"},
                                     {DType::u8, "u8"},   {DType::boolean, "bool"}};

struct QuantInfo {
  QuantType type;
  std::string_view name;
  BlockSize block;
};
constexpr QuantInfo kQuantInfos[] = {
    {QuantType::f32, "F32", {1, 4}},       {QuantType::f16, "F16", {1, 2}},       {QuantType::bf16, "BF16", {1, 2}},
    {QuantType::q4_0, "Q4_0", {32, 18}},   {QuantType::q4_1, "Q4_1", {32, 20}},   {QuantType::q5_0, "Q5_0", {32, 22}},
    {QuantType::q5_1, "Q5_1", {32, 24}},   {QuantType::q8_0, "Q8_0", {32, 34}},   {QuantType::q2_k, "Q2_K", {256, 84}},
    {QuantType::q3_k, "Q3_K", {256, 110}}, {QuantType::q4_k, "Q4_K", {256, 144}}, {QuantType::q5_k, "Q5_K", {256, 176}},
    {QuantType::q6_k, "Q6_K", {256, 210}}};

const QuantInfo& info_of(QuantType type) {
  for (const QuantInfo& info : kQuantInfos)
    if (info.type == type) return info;
  fail(ErrorCode::internal, "QuantType {} has no entry", static_cast<int>(type));
}

}  // namespace

std::string_view name_of(DType dtype) {
  for (const DTypeName& entry : kDTypeNames)
    if (entry.dtype == dtype) return entry.name;
  return "?";
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeName& entry : kDTypeNames)
    if (entry.name == name) return entry.dtype;
  return std::nullopt;
}

std::string_view name_of(QuantType type) {
  return info_of(type).name;
}
BlockSize block_size(QuantType type) {
  return info_of(type).block;
}

}  // namespace temper
