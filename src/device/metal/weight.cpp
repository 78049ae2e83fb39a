#include "device/metal/weight.h"

#include "base/fail.h"
#include "base/thread_pool.h"
#include "device/weight_conversion.h"

namespace temper::metal {
namespace {

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
  if (!is_dense(target)) return std::make_shared<MetalWeight>(cpu.prepare_weight(source, dense), device, nullptr);

  WeightSource stored = source;
  std::shared_ptr<Buffer> buffer;
  // MPS reads matrices at multiples of the element size only; anything else is copied.
  const bool aligned = reinterpret_cast<uintptr_t>(source.bytes.data()) % size_of(dtype_of(target)) == 0;
  if (target == source.type && aligned && source.mapped) {
    buffer = import_memory(gpu, device, source.bytes, source.owner, source.name);
  }
  if (!buffer) {
    buffer = new_weight_buffer(gpu, device, source, dense_bytes(source, target));
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
  if (!metal.buffer() || (metal.type() != QuantType::f32 && metal.type() != QuantType::f16)) return {};
  return {metal.buffer(), spec(dtype_of(metal.type()), {metal.rows(), metal.columns()})};
}

}  // namespace temper::metal
