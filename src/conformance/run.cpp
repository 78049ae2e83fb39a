#include "conformance/run.h"

#include <cstring>
#include <map>

#include "autograd/tape.h"
#include "base/fail.h"
#include "base/philox.h"
#include "device/transfer.h"
#include "ops/view.h"

namespace temper::conformance {
namespace {

template <class F>
auto for_element_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f.template operator()<float>();
    case DType::f16:
      return f.template operator()<f16_t>();
    case DType::bf16:
      return f.template operator()<bf16_t>();
    case DType::f64:
      return f.template operator()<double>();
    case DType::i32:
      return f.template operator()<int32_t>();
    case DType::i64:
      return f.template operator()<int64_t>();
    default:
      return f.template operator()<uint8_t>();
  }
}

template <class T>
T from_double(double value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<T>(value);
  else
    return from_f32<T>(static_cast<float>(value));
}
template <class T>
double to_double(T value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<double>(value);
  else
    return double{to_f32(value)};
}

Tensor upload_values(Context& ctx, const Shape& shape, const std::vector<double>& values, DType dtype) {
  return for_element_type(dtype, [&]<class T>() -> Tensor {
    std::vector<T> converted;
    for (const double value : values) converted.push_back(from_double<T>(value));
    return upload_bytes(ctx, std::as_bytes(std::span(converted)), dtype, shape);
  });
}

/// The array as a tensor whose elements lie as `placement` says.
Tensor place(Context& ctx, const Array& x, DType dtype, Placement placement) {
  const int rank = x.shape.rank();
  switch (placement) {
    case Placement::contiguous:
      break;
    case Placement::offset: {
      std::vector<double> values(3, 77.0);
      values.insert(values.end(), x.values.begin(), x.values.end());
      const Tensor base = upload_values(ctx, {x.elements() + 3}, values, dtype);
      Layout layout = Layout::contiguous(x.shape);
      layout.offset = 3;
      return base.with_layout(layout);
    }
    case Placement::gaps: {
      if (rank == 0) break;
      Shape wide = x.shape;
      const int64_t columns = x.shape[-1];
      wide.set(-1, columns + 3);
      std::vector<double> values(static_cast<size_t>(wide.elements()), 77.0);
      for (int64_t i = 0; i < x.elements(); ++i)
        values[static_cast<size_t>(i / columns * (columns + 3) + 1 + i % columns)] = x[i];
      return slice(ctx, upload_values(ctx, wide, values, dtype), -1, 1, columns + 1);
    }
    case Placement::transposed: {
      if (rank < 2) break;
      Shape turned = x.shape;
      const int64_t rows = x.shape[-2], columns = x.shape[-1], plane = rows * columns;
      turned.set(-1, rows);
      turned.set(-2, columns);
      std::vector<double> values(x.values.size());
      for (int64_t i = 0; i < x.elements(); ++i)
        values[static_cast<size_t>(i / plane * plane + i % columns * rows + i % plane / columns)] = x[i];
      return transpose(ctx, upload_values(ctx, turned, values, dtype), -2, -1);
    }
  }
  return upload_values(ctx, x.shape, x.values, dtype);
}

Output read_output(Context& ctx, const Tensor& tensor) {
  Output output{
      .dtype = tensor.dtype(), .array = {tensor.shape(), {}}, .bytes = std::vector<std::byte>(tensor.spec().bytes())};
  read_bytes(ctx, tensor, output.bytes);
  for_element_type(tensor.dtype(), [&]<class T> {
    for (size_t at = 0; at < output.bytes.size(); at += sizeof(T)) {
      T value;
      std::memcpy(&value, output.bytes.data() + at, sizeof(T));
      output.array.values.push_back(to_double(value));
    }
  });
  return output;
}

}  // namespace

Array array(const Shape& shape, std::vector<double> values) {
  TEMPER_ASSERT(static_cast<int64_t>(values.size()) == shape.elements());
  return {shape, std::move(values)};
}

Array filled(const Shape& shape, double value) {
  return {shape, std::vector<double>(static_cast<size_t>(shape.elements()), value)};
}

Array uniform(const Shape& shape, uint64_t seed, double low, double high) {
  Array result = filled(shape, 0.0);
  const RngKey key{seed, 0, 0};
  for (int64_t i = 0; i < result.elements(); ++i)
    result[i] = low + (high - low) * double{key.uniform(static_cast<uint64_t>(i))};
  return result;
}

Array ids(const Shape& shape, std::vector<double> values) {
  Array result = array(shape, std::move(values));
  result.dtype = DType::i32;
  return result;
}

WeightHandle weight(Context& ctx, const Array& values) {
  auto stored = std::make_shared<std::vector<float>>(values.values.begin(), values.values.end());
  const std::span<const float> span(*stored);
  return ctx.backend().prepare_weight({.name = "weight",
                                       .type = QuantType::f32,
                                       .rows = values.shape[0],
                                       .columns = values.shape[1],
                                       .bytes = std::as_bytes(span),
                                       .owner = stored},
                                      std::nullopt);
}

double round_to(DType dtype, double value) {
  return for_element_type(dtype, [&]<class T> { return to_double(from_double<T>(value)); });
}

Sample in_one_type(const OpRecord& record, Sample sample) {
  for (const size_t i : record.differentiable) sample.inputs[i].dtype.reset();
  return sample;
}

std::vector<Array> rounded_inputs(const Sample& sample, DType dtype) {
  std::vector<Array> inputs = sample.inputs;
  for (Array& input : inputs)
    for (double& value : input.values) value = round_to(input.dtype.value_or(dtype), value);
  return inputs;
}

std::shared_ptr<Backend> backend(DeviceType type, int threads) {
  static std::map<std::pair<DeviceType, int>, std::shared_ptr<Backend>> opened;
  std::shared_ptr<Backend>& slot = opened[{type, threads}];
  if (!slot) slot = open_backend({type, 0}, {.threads = threads});
  return slot;
}

Outcome run_once(Context& ctx, const OpRecord& record, const Sample& sample, const RunOptions& options) {
  Tape tape;
  Context::TapeScope scope(ctx, nullptr);
  std::vector<Tensor> inputs;
  for (const Array& input : sample.inputs)
    inputs.push_back(place(ctx, input, input.dtype.value_or(options.dtype), options.placement));
  Outcome outcome;
  std::vector<Tensor> outputs, gradients;
  if (options.gradients) {
    Context::TapeScope on(ctx, &tape);
    for (const size_t i : record.differentiable) inputs[i] = tape.leaf(inputs[i]);
    outputs = record.run(ctx, inputs);
    std::vector<Tensor> seeds;
    for (size_t i = 0; i < outputs.size(); ++i) {
      Array seed = uniform(outputs[i].shape(), kGradientSeed + i);
      if (options.seed_dtype)
        for (double& value : seed.values) value = round_to(*options.seed_dtype, value);
      seeds.push_back(outputs[i].requires_grad() ? upload_values(ctx, seed.shape, seed.values, outputs[i].dtype())
                                                 : Tensor());
    }
    const Gradients grads = tape.backward(ctx, outputs, seeds);
    for (const size_t i : record.differentiable) gradients.push_back(grads.of(inputs[i]));
  } else {
    outputs = record.run(ctx, inputs);
  }
  // Inputs go before anything is read: work that still runs must not depend on the host's handles.
  inputs.clear();
  for (const Tensor& output : outputs) {
    outcome.outputs.push_back(read_output(ctx, output));
    outcome.outputs.back().carries_gradient = output.requires_grad();
  }
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined())
      fail(ErrorCode::internal, "conformance: input {} got no gradient", record.differentiable[i]);
    outcome.gradients.push_back(read_output(ctx, gradients[i]));
  }
  return outcome;
}

}  // namespace temper::conformance
