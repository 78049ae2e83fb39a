// Metal source compiled, dispatched through metal-cpp, and compared with what it should give.
#include <cmath>
#include <cstring>

#include "support/metal.h"

namespace {

class MetalSource : public MetalTest {
 protected:
  NS::String* string(const std::string& text) { return NS::String::string(text.c_str(), NS::UTF8StringEncoding); }

  MTL::ComputePipelineState* pipeline_of(const std::string& source, const char* name,
                                         MTL::FunctionConstantValues* values = nullptr) {
    NS::Error* error = nullptr;
    auto* library = device_->newLibrary(string(source), nullptr, &error);
    if (!library) {
      ADD_FAILURE() << error->localizedDescription()->utf8String();
      return nullptr;
    }
    auto* function = values ? library->newFunction(string(name), values, &error) : library->newFunction(string(name));
    auto* pipeline = device_->newComputePipelineState(function, &error);
    function->release();
    library->release();
    return pipeline;
  }
  std::string compile_error(const std::string& source) {
    NS::Error* error = nullptr;
    auto* library = device_->newLibrary(string(source), nullptr, &error);
    if (!library) return error->localizedDescription()->utf8String();
    library->release();
    return "";
  }
  // Runs `groups` threadgroups of `threads` on buffers 0, 1, ...; the command buffer's error, if any.
  std::string run(MTL::ComputePipelineState* pipeline, std::initializer_list<MTL::Buffer*> buffers, NS::UInteger groups,
                  NS::UInteger threads, NS::UInteger threadgroup_bytes = 0) {
    auto* commands = queue_->commandBuffer();
    auto* encoder = commands->computeCommandEncoder();
    encoder->setComputePipelineState(pipeline);
    NS::UInteger index = 0;
    for (auto* buffer : buffers) encoder->setBuffer(buffer, 0, index++);
    if (threadgroup_bytes) encoder->setThreadgroupMemoryLength(threadgroup_bytes, 0);
    encoder->dispatchThreadgroups(MTL::Size(groups, 1, 1), MTL::Size(threads, 1, 1));
    encoder->endEncoding();
    finish(commands);
    pipeline->release();
    return commands->error() ? commands->error()->localizedDescription()->utf8String() : "";
  }
};

constexpr const char* kRowSum = R"(#include <metal_stdlib>
using namespace metal;
constant bool twice [[function_constant(0)]];
kernel void row_sum(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                    uint row [[threadgroup_position_in_grid]], uint tid [[thread_position_in_threadgroup]],
                    uint lane [[thread_index_in_simdgroup]], uint group [[simdgroup_index_in_threadgroup]],
                    uint groups [[simdgroups_per_threadgroup]]) {
  threadgroup float part[32];
  float sum = simd_sum(x[row * 128 + tid]);
  if (lane == 0) part[group] = sum;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  sum = simd_sum(lane < groups ? part[lane] : 0.0);
  if (tid == 0) y[row] = twice ? 2 * sum : sum;
}
)";

TEST_F(MetalSource, SumsRowsAcrossSimdGroups) {
  auto* x = new_buffer(3 * 128);
  auto* y = new_buffer(3);
  for (int i = 0; i < 3 * 128; ++i) floats(x)[i] = static_cast<float>(i % 7);
  for (bool twice : {false, true}) {
    auto* values = MTL::FunctionConstantValues::alloc()->init();
    values->setConstantValue(&twice, MTL::DataTypeBool, NS::UInteger(0));
    EXPECT_EQ(run(pipeline_of(kRowSum, "row_sum", values), {x, y}, 3, 128), "");
    values->release();
    for (int row = 0; row < 3; ++row) {
      float sum = 0;
      for (int i = 0; i < 128; ++i) sum += static_cast<float>((row * 128 + i) % 7);
      EXPECT_EQ(floats(y)[row], twice ? 2 * sum : sum);
    }
  }
  x->release();
  y->release();
}

TEST_F(MetalSource, MultipliesMatricesInEveryType) {
  std::string source = R"(#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;
template <typename T>
[[kernel]] void product(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                        device float* c [[buffer(2)]], threadgroup T* tile [[threadgroup(0)]],
                        uint lane [[thread_index_in_simdgroup]]) {
  for (uint i = lane; i < 64; i += 32) { tile[i] = T(a[i]); tile[64 + i] = T(b[i]); }
  simdgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_matrix<T, 8, 8> left, right;
  simdgroup_load(left, tile, 8);
  simdgroup_load(right, tile + 64, 8, ulong2(0, 0), true);
  simdgroup_matrix<float, 8, 8> sum = make_filled_simdgroup_matrix<float, 8, 8>(1.0f);
  simdgroup_multiply_accumulate(sum, left, right, sum);
  simdgroup_store(sum, c, 8);
}
template [[host_name("product_float")]] [[kernel]] decltype(product<float>) product<float>;
template [[host_name("product_half")]] [[kernel]] decltype(product<half>) product<half>;
template [[host_name("product_bfloat")]] [[kernel]] decltype(product<bfloat>) product<bfloat>;
)";
  auto *a = new_buffer(64), *b = new_buffer(64), *c = new_buffer(64);
  for (int i = 0; i < 64; ++i) {
    floats(a)[i] = static_cast<float>(i % 5);
    floats(b)[i] = static_cast<float>(i % 3) - 1;
  }
  for (const char* name : {"product_float", "product_half", "product_bfloat"}) {
    EXPECT_EQ(run(pipeline_of(source, name), {a, b, c}, 1, 32, 512), "");
    for (int i = 0; i < 8; ++i) {
      for (int j = 0; j < 8; ++j) {
        float sum = 1;
        for (int k = 0; k < 8; ++k) sum += floats(a)[i * 8 + k] * floats(b)[j * 8 + k];
        EXPECT_EQ(floats(c)[i * 8 + j], sum) << name << " " << i << " " << j;
      }
    }
  }
  a->release();
  b->release();
  c->release();
}

TEST_F(MetalSource, ADivergentBarrierFailsWithItsLine) {
  auto* x = new_buffer(64);
  std::string source = R"(#include <metal_stdlib>
using namespace metal;
kernel void diverge(device float* x [[buffer(0)]], uint tid [[thread_position_in_threadgroup]]) {
  if (tid < 40) {
    threadgroup_barrier(mem_flags::mem_device);
  }
  x[tid] = 1;
}
)";
  std::string error = run(pipeline_of(source, "diverge"), {x}, 1, 64);
  EXPECT_NE(error.find("program_source:5: threadgroup_barrier"), std::string::npos) << error;
  x->release();
}

TEST_F(MetalSource, ACompileErrorNamesFileAndLine) {
  std::string error =
      compile_error("#include <metal_stdlib>\nkernel void f(device float* x [[buffer(0)]]) {\n  x[0] = y;\n}\n");
  EXPECT_NE(error.find("program_source:3:"), std::string::npos) << error;
  EXPECT_NE(error.find("'y'"), std::string::npos) << error;
}

TEST_F(MetalSource, AScalarPositionIsItsX) {
  auto* pipeline = pipeline_of(R"(#include <metal_stdlib>
using namespace metal;
kernel void where(device uint* x [[buffer(0)]], uint column [[thread_position_in_threadgroup]],
                  uint index [[thread_index_in_threadgroup]], uint3 at [[thread_position_in_grid]],
                  uint3 grid [[threads_per_grid]]) {
  x[at.y * grid.x + at.x] = column * 100 + index;
}
)",
                               "where");
  auto* x = new_buffer(18);
  auto* commands = queue_->commandBuffer();
  auto* encoder = commands->computeCommandEncoder();
  encoder->setComputePipelineState(pipeline);
  encoder->setBuffer(x, 0, 0);
  encoder->dispatchThreads(MTL::Size(6, 3, 1), MTL::Size(4, 2, 1));
  encoder->endEncoding();
  finish(commands);
  const auto* got = static_cast<const uint32_t*>(x->contents());
  EXPECT_EQ(got[0], 0u);
  EXPECT_EQ(got[6 + 3], 307u);
  EXPECT_EQ(got[6 + 5], 103u);  // a partial threadgroup, 2 x 2
  EXPECT_EQ(got[12 + 2], 202u);
  pipeline->release();
  x->release();
}

TEST_F(MetalSource, RoundsHalfAndBfloatToNearestEven) {
  auto* pipeline = pipeline_of(R"(#include <metal_stdlib>
using namespace metal;
kernel void round_both(device const float* x [[buffer(0)]], device half* h [[buffer(1)]], device bfloat* b [[buffer(2)]],
                       uint i [[thread_position_in_grid]]) {
  h[i] = half(x[i]);
  b[i] = bfloat(x[i]);
}
)",
                               "round_both");
  auto *x = new_buffer(4), *h = new_buffer(4), *b = new_buffer(4);
  const float values[4] = {1 + 0x1p-11f, 1 + 0x3p-11f, 1 + 0x1p-8f, 1 + 0x3p-8f};
  std::memcpy(x->contents(), values, sizeof values);
  EXPECT_EQ(run(pipeline, {x, h, b}, 1, 4), "");
  const auto* halves = static_cast<const uint16_t*>(h->contents());
  const auto* bfloats = static_cast<const uint16_t*>(b->contents());
  EXPECT_EQ(halves[0], 0x3c00);
  EXPECT_EQ(halves[1], 0x3c02);
  EXPECT_EQ(bfloats[2], 0x3f80);
  EXPECT_EQ(bfloats[3], 0x3f82);
  for (auto* buffer : {x, h, b}) buffer->release();
}

}  // namespace
