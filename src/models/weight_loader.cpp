#include "models/weight_loader.h"

#include <algorithm>

#include "base/fail.h"
#include "device/transfer.h"
#include "ops/cast.h"

namespace temper {
namespace {

constexpr size_t kNamesShown = 12;

std::string list_of(std::vector<std::string> names) {
  const size_t count = names.size();
  if (count > kNamesShown) names.resize(kNamesShown);
  return fmt::format("{}{}", fmt::join(names, ", "), count > kNamesShown ? ", ..." : "");
}

QuantType quant_type(const io::StoredTensor& tensor) {
  if (const auto* quant = std::get_if<QuantType>(&tensor.type)) return *quant;
  switch (std::get<DType>(tensor.type)) {
    case DType::f32:
      return QuantType::f32;
    case DType::f16:
      return QuantType::f16;
    case DType::bf16:
      return QuantType::bf16;
    default:
      fail(ErrorCode::unsupported, "weight '{}' is stored as {}, which no kernel multiplies with", tensor.name,
           io::name_of(tensor.type));
  }
}

}  // namespace

std::optional<io::StoredTensor> WeightLoader::take(const std::string& name, const std::vector<int64_t>& shape) {
  used_.push_back(name);
  if (!checkpoint_.has(name)) {
    missing_.push_back(name);
    return std::nullopt;
  }
  io::StoredTensor tensor = checkpoint_.tensor(name);
  if (tensor.shape != shape) {
    wrong_shape_.push_back(fmt::format("{} is [{}], config.json asks for [{}]", name, fmt::join(tensor.shape, ","),
                                       fmt::join(shape, ",")));
    return std::nullopt;
  }
  return tensor;
}

WeightHandle WeightLoader::matrix(const std::string& name, int64_t rows, int64_t columns) {
  const auto tensor = take(name, {rows, columns});
  if (!tensor) return nullptr;
  const QuantType type = quant_type(*tensor);
  const WeightSource source{name, type, rows, columns, tensor->bytes, tensor->owner, tensor->mapped};
  return backend_.prepare_weight(source, options_.dense);
}

Tensor WeightLoader::vector(const std::string& name, int64_t n) {
  const auto tensor = take(name, {n});
  if (!tensor) return {};
  return upload(ctx_, io::to_f32(*tensor), {n});
}

LinearLayer WeightLoader::linear(const std::string& module, int64_t out, int64_t in, bool has_bias) {
  LinearLayer layer{module, matrix(module + ".weight", out, in), {}, -1};
  if (has_bias)
    if (const Tensor bias = vector(module + ".bias", out); bias.defined())
      layer.bias = cast(ctx_, bias, options_.compute);
  return layer;
}

void WeightLoader::finish() {
  std::vector<std::string> unexpected;
  std::ranges::sort(used_);
  for (const std::string& name : checkpoint_.names())
    if (!std::ranges::binary_search(used_, name)) unexpected.push_back(name);
  if (missing_.empty() && wrong_shape_.empty() && unexpected.empty()) return;
  std::string text = fmt::format("{}: the weights don't fit the configuration", checkpoint_.path().string());
  if (!missing_.empty()) text += fmt::format("; {} missing: {}", missing_.size(), list_of(missing_));
  if (!wrong_shape_.empty())
    text += fmt::format("; {} of another shape: {}", wrong_shape_.size(), list_of(wrong_shape_));
  if (!unexpected.empty()) text += fmt::format("; {} unexpected: {}", unexpected.size(), list_of(unexpected));
  throw Error(ErrorCode::format, text);
}

}  // namespace temper
