// The program that ./dev check-apple links: everything of mps.hpp and metal-cpp that it touches must exist in the SDK.
// Run on a Mac it multiplies two matrices and prints the result.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#define MPS_PRIVATE_IMPLEMENTATION
#include <cstdio>

#include "device/metal/mps.hpp"

int main() {
  NS::AutoreleasePool* pool = NS::AutoreleasePool::alloc()->init();
  MTL::Device* device = MTL::CreateSystemDefaultDevice();
  if (!device || !MPS::SupportsMTLDevice(device)) {
    std::puts("no device that MPS supports");
    return 1;
  }
  MTL::CommandQueue* queue = device->newCommandQueue();
  MTL::Buffer* buffers[3];
  MPS::Matrix* matrices[3];
  MPS::MatrixDescriptor* descriptor =
      MPS::MatrixDescriptor::matrixDescriptor(2, 2, 2 * sizeof(float), MPS::DataTypeFloat32);
  for (int i = 0; i < 3; ++i) {
    buffers[i] = device->newBuffer(4 * sizeof(float), MTL::ResourceStorageModeShared);
    float* values = static_cast<float*>(buffers[i]->contents());
    for (int j = 0; j < 4; ++j) values[j] = static_cast<float>(i + j);
    matrices[i] = MPS::Matrix::alloc()->init(buffers[i], 0, descriptor);
  }
  MPS::MatrixMultiplication* product = MPS::MatrixMultiplication::alloc()->init(device, false, true, 2, 2, 2, 1.0, 0.0);
  MTL::CommandBuffer* commands = queue->commandBuffer();
  product->encodeToCommandBuffer(commands, matrices[0], matrices[1], matrices[2]);
  commands->commit();
  commands->waitUntilCompleted();
  const float* result = static_cast<const float*>(buffers[2]->contents());
  std::printf("%g %g %g %g (2 3 8 13 is right)\n", static_cast<double>(result[0]), static_cast<double>(result[1]),
              static_cast<double>(result[2]), static_cast<double>(result[3]));
  product->release();
  for (int i = 0; i < 3; ++i) {
    matrices[i]->release();
    buffers[i]->release();
  }
  queue->release();
  device->release();
  pool->release();
}
