// Fits a line to points by gradient descent, with the products on Metal Performance Shaders: a program that knows
// metal-cpp and nothing of what it runs on. On a Mac it links Metal, Foundation and MetalPerformanceShaders instead of
// metalhost.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#include <Metal/Metal.hpp>
#include <cmath>
#include <cstdio>

// metal-cpp leaves Metal Performance Shaders out: the three classes that are needed here, in its style.
namespace mps {

enum DataType : uint32_t { kFloat32 = 0x10000000u | 32 };

struct Sender : NS::Object {
  template <class R, class... A>
  static R send(const void* receiver, const char* selector, A... arguments) {
    return NS::Object::sendMessage<R>(receiver, sel_registerName(selector), arguments...);
  }
};

using Object = NS::Object;

Object* matrix(const MTL::Buffer* buffer, NS::UInteger rows, NS::UInteger columns) {
  auto* descriptor = Sender::send<Object*>(objc_lookUpClass("MPSMatrixDescriptor"),
                                           "matrixDescriptorWithRows:columns:rowBytes:dataType:", rows, columns,
                                           columns * sizeof(float), kFloat32);
  auto* made = Sender::send<Object*>(objc_lookUpClass("MPSMatrix"), "alloc");
  return Sender::send<Object*>(made, "initWithBuffer:descriptor:", buffer, descriptor);
}

// result = alpha * op(left) * right + beta * result
Object* product(const MTL::Device* device, bool transpose_left, NS::UInteger rows, NS::UInteger columns,
                NS::UInteger inner, double alpha, double beta) {
  auto* made = Sender::send<Object*>(objc_lookUpClass("MPSMatrixMultiplication"), "alloc");
  return Sender::send<Object*>(
      made, "initWithDevice:transposeLeft:transposeRight:resultRows:resultColumns:interiorColumns:alpha:beta:", device,
      transpose_left, false, rows, columns, inner, alpha, beta);
}

void encode(Object* kernel, const MTL::CommandBuffer* commands, Object* left, Object* right, Object* result) {
  Sender::send<void>(kernel, "encodeToCommandBuffer:leftMatrix:rightMatrix:resultMatrix:", commands, left, right,
                     result);
}

}  // namespace mps

int main() {
  constexpr NS::UInteger kPoints = 256, kWeights = 2;
  constexpr int kSteps = 200;
  auto* pool = NS::AutoreleasePool::alloc()->init();
  auto* device = MTL::CreateSystemDefaultDevice();
  if (!device) {
    std::puts("no Metal device");
    return 1;
  }
  auto* queue = device->newCommandQueue();
  auto new_buffer = [&](NS::UInteger floats) {
    return device->newBuffer(floats * sizeof(float), MTL::ResourceStorageModeShared);
  };
  auto* inputs = new_buffer(kPoints * kWeights);  // [points, (x, 1)]
  auto* targets = new_buffer(kPoints);            // y = 3x - 1
  auto* residual = new_buffer(kPoints);           // Xw - y
  auto* weights = new_buffer(kWeights);
  for (NS::UInteger i = 0; i < kPoints; ++i) {
    float x = float(i) / kPoints * 2 - 1;
    static_cast<float*>(inputs->contents())[2 * i] = x;
    static_cast<float*>(inputs->contents())[2 * i + 1] = 1;
    static_cast<float*>(targets->contents())[i] = 3 * x - 1;
  }

  auto* x = mps::matrix(inputs, kPoints, kWeights);
  auto* r = mps::matrix(residual, kPoints, 1);
  auto* w = mps::matrix(weights, kWeights, 1);
  auto* forward = mps::product(device, false, kPoints, 1, kWeights, 1, -1);                    // r = Xw - r
  auto* update = mps::product(device, true, kWeights, 1, kPoints, -0.5 / double(kPoints), 1);  // w -= 0.5/n X'r

  for (int step = 0; step < kSteps; ++step) {
    auto* step_pool = NS::AutoreleasePool::alloc()->init();
    auto* commands = queue->commandBuffer();
    auto* blit = commands->blitCommandEncoder();
    blit->copyFromBuffer(targets, 0, residual, 0, kPoints * sizeof(float));
    blit->endEncoding();
    mps::encode(forward, commands, x, w, r);
    mps::encode(update, commands, x, r, w);
    commands->commit();
    if (step + 1 == kSteps) commands->waitUntilCompleted();
    step_pool->release();
  }

  const auto* found = static_cast<const float*>(weights->contents());
  std::printf("%s: y = %.3f x + %.3f\n", device->name()->utf8String(), found[0], found[1]);
  bool good = std::fabs(found[0] - 3) < 0.05f && std::fabs(found[1] + 1) < 0.05f;
  for (NS::Object* object : {x, r, w, forward, update}) object->release();
  for (auto* buffer : {inputs, targets, residual, weights}) buffer->release();
  queue->release();
  pool->release();
  device->release();
  return good ? 0 : 1;
}
