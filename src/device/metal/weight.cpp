#include "device/metal/weight.h"

#include "base/fail.h"
#include "base/thread_pool.h"
#include "device/weight_conversion.h"
#include "tensor/quant.h"

namespace temper::metal {
namespace {

/// Elements of a dense type or halves of a block begin at multiples of it.
size_t alignment_of(QuantType type) {
  return type == QuantType::f32 ? 4 : 2;
}

bool is_dense(QuantType type) {
  return type == QuantType::f32 || type == QuantType::f16 || type == QuantType::bf16;
}

DType dtype_of(QuantType type) {
  return type == QuantType::f32 ? DType::f32 : type == QuantType::f16 ? DType::f16 : DType::bf16;
}

/// Memory of its own for one weight.
std::shared_ptr<Buffer> new_weight_buffer(const std::shared_ptr<Gpu>& gpu, Device device, const WeightSource& source,
                                          size_t bytes) {
  auto buffer = gpu->new_buffer(bytes, source.name);
  if (!buffer)
    fail(ErrorCode::out_of_memory, "metal: no memory for weight '{}' of {} bytes; the largest buffer has {}",
         source.name, bytes, gpu->max_buffer_bytes());
  const std::span<const std::byte> contents(static_cast<const std::byte*>(buffer->contents()), bytes);
  // The MTLBuffer owns the memory, and MetalMemory the MTLBuffer.
  auto memory = std::make_unique<PooledMemory>(contents, nullptr);
  return std::make_shared<Buffer>(
      device, bytes, std::make_unique<MetalMemory>(std::move(memory), SharedChunks::Place{std::move(buffer), 0}, gpu));
}

}  // namespace

WeightHandle prepare_weight(const std::shared_ptr<Gpu>& gpu, Backend& cpu, ThreadPool& threads,
                            const WeightSource& source, std::optional<DType> dense, Device device) {
  const QuantType target = target_type(source, dense);
  WeightSource stored = source;
  std::shared_ptr<Buffer> buffer;
  // MPS and kernels read at multiples of the element size only; anything else is copied.
  const bool aligned = reinterpret_cast<uintptr_t>(source.bytes.data()) % alignment_of(target) == 0;
  if (target == source.type && aligned && source.mapped) {
    buffer = import_memory(gpu, device, source.bytes, source.owner, source.name);
  }
  if (!buffer) {
    buffer = new_weight_buffer(gpu, device, source,
                               target == source.type ? source.bytes.size() : dense_bytes(source, target));
    const std::span<std::byte> out = memory_of(*buffer).on_host(0, buffer->bytes(), HostAccess::write);
    if (target == source.type)
      std::copy(source.bytes.begin(), source.bytes.end(), out.begin());
    else
      convert_weight(source, target, out, threads);
    stored.bytes = out;
    stored.owner = buffer;
    stored.type = target;
  }
  return std::make_shared<MetalWeight>(cpu.prepare_weight(stored, std::nullopt), device, buffer);
}

const MetalWeight& metal_weight(const WeightHandle& weight) {
  if (weight->device().type != DeviceType::metal)
    fail(ErrorCode::device_mismatch, "weight '{}' is on {}, the op runs on metal", weight->name(),
         to_string(weight->device()));
  return static_cast<const MetalWeight&>(*weight);
}

Operand weight_operand(const WeightHandle& weight) {
  const MetalWeight& metal = metal_weight(weight);
  if (!is_dense(metal.type())) return {};
  return {metal.buffer(), spec(dtype_of(metal.type()), {metal.rows(), metal.columns()})};
}

WeightRows weight_rows(const WeightHandle& weight) {
  const MetalWeight& metal = metal_weight(weight);
  WeightRows result{weight_operand(weight), metal.type(), metal.rows(), metal.columns()};
  if (!result.operand.defined())
    result.operand = {
        metal.buffer(),
        spec(DType::u8, {metal.rows(), static_cast<int64_t>(stored_bytes(metal.type(), metal.columns()))})};
  return result;
}

WeightRows WeightRows::part(int64_t begin, int64_t end) const {
  WeightRows result = *this;
  result.rows = end - begin;
  result.operand.spec.layout = operand.spec.layout.sliced(0, begin, end);
  return result;
}

}  // namespace temper::metal
