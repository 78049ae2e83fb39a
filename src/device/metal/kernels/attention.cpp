#include "device/op_specs/attention.h"

#include <fmt/format.h>

#include <algorithm>

#include "device/metal/compute.h"
#include "device/metal/placement.h"
#include "device/metal/stored_type.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/attention.h"

using specs::Attention;
using specs::AttentionBackward;

constexpr int64_t kWidestHead = 256;

/// What attention's kernels are compiled for: heads up to `width`, this many SIMD-groups of 8 rows a threadgroup.
struct AttentionShape {
  int64_t width;
  int64_t simdgroups;
  int64_t simdgroups_backward;
};

const AttentionShape& attention_shape(int64_t width) {
  static constexpr AttentionShape shapes[] = {{16, 4, 4}, {64, 4, 4}, {128, 4, 2}, {kWidestHead, 2, 1}};
  const AttentionShape* shape = shapes;
  while (shape->width < width) ++shape;
  return *shape;
}

AttentionParameters attention_parameters(const Operand& q, const Operand& k, const Operand& segments,
                                         const Attention::Attrs& attrs) {
  return {static_cast<uint32_t>(q.dim(0)), static_cast<uint32_t>(k.dim(0)), static_cast<uint32_t>(q.dim(1)),
          static_cast<uint32_t>(k.dim(1)), static_cast<uint32_t>(q.dim(2)), static_cast<uint32_t>(segments.dim(0)),
          attrs.causal ? 1u : 0u,
          // No segment is longer than 2^31 - 1 keys, so a wider window limits nothing.
          attrs.window <= INT32_MAX ? static_cast<uint32_t>(attrs.window) : 0u, attrs.scale, 1};
}

/// The keys that each query sees; faults of the segments are reported, of no queries too.
void encode_key_ranges(ComputeCommands& commands, const Operand& segments, const Operand& ranges,
                       const AttentionParameters& parameters) {
  commands.kernel({"attention_ranges", "attention_key_ranges"});
  commands.read(0, segments);
  commands.write(1, ranges);
  commands.value(2, parameters);
  commands.faults(3);
  commands.dispatch_threads({std::max<int64_t>(1, ranges.dim(0))}, {64});
}

int64_t blocks_of(int64_t rows, int64_t simdgroups) {
  return (rows + 8 * simdgroups - 1) / (8 * simdgroups);
}

/// Whether so few queries stand in each segment that blocks of queries would be mostly empty.
bool is_decoding(const Operand& q, const Operand& segments) {
  constexpr int64_t most_queries = 4;  // a segment, on average
  return q.dim(0) <= most_queries * segments.dim(0);
}

/// How many parts the keys of a query are cut into: one for each 128 keys that a segment has on average.
int64_t parts_of_keys(const Operand& k, const Operand& segments) {
  constexpr int64_t keys_a_part = 128, most_parts = 32;  // attention_join gives each part a lane
  return std::clamp<int64_t>(k.dim(0) / (keys_a_part * std::max<int64_t>(1, segments.dim(0))), 1, most_parts);
}

/// attention_decode.metal.
void encode_decoding(Encoder& encoder, Operands in, Operands out, const Attention::Attrs& attrs) {
  const Operand &q = in[0], &k = in[1], &v = in[2], &segments = in[3];
  const int64_t queries = q.dim(0), heads = q.dim(1), kv_heads = k.dim(1), width = q.dim(2);
  AttentionParameters parameters = attention_parameters(q, k, segments, attrs);
  const int64_t parts = parts_of_keys(k, segments);
  parameters.parts = static_cast<uint32_t>(parts);
  MetalEncoder& metal = metal_encoder(encoder);
  std::vector<Operand> scratch{metal.scratch(DType::i32, {queries, 2})};
  if (parts > 1) {
    scratch.push_back(metal.scratch(DType::f32, {queries, heads, parts, width}));
    scratch.push_back(metal.scratch(DType::f32, {queries, heads, parts, 2}));
  }
  const Operand sums = parts > 1 ? scratch[1] : Operand{}, tops = parts > 1 ? scratch[2] : Operand{};
  const auto encode = [&](ComputeCommands& commands) {
    const std::vector<FunctionConstant> constants{{0, stored_type(q.dtype())}, {1, parts > 1}};
    encode_key_ranges(commands, segments, scratch[0], parameters);
    commands.barrier();
    commands.kernel({"attention_decode", fmt::format("attention_part_{}", attention_shape(width).width), constants});
    commands.read(0, q);
    commands.read(1, k);
    commands.read(2, v);
    commands.read(3, scratch[0]);
    commands.write(4, out[0]);
    commands.write(5, out[1]);
    commands.write(6, sums);
    commands.write(7, tops);
    commands.value(8, parameters);
    constexpr int64_t most_simdgroups = 8;
    const int64_t sharing = heads / kv_heads, simdgroups = std::min(sharing, most_simdgroups);
    const int64_t blocks = (sharing + simdgroups - 1) / simdgroups;
    commands.dispatch_groups({parts, kv_heads * blocks, queries}, {32 * simdgroups});
    if (parts == 1) return;
    commands.barrier();
    commands.kernel({"attention_decode", "attention_join", constants});
    commands.read(0, sums);
    commands.read(1, tops);
    commands.write(2, out[0]);
    commands.write(3, out[1]);
    commands.value(4, parameters);
    commands.dispatch_groups({heads, queries}, {32});
  };
  metal.compute("attention", in, out, scratch, encode, {fault_messages::segment(queries, k.dim(0))});
}

void encode_attention(Encoder& encoder, Operands in, Operands out, const Attention::Attrs& attrs) {
  if (is_decoding(in[0], in[3])) return encode_decoding(encoder, in, out, attrs);
  const Operand &q = in[0], &k = in[1], &v = in[2], &segments = in[3];
  const AttentionShape& shape = attention_shape(q.dim(2));
  const AttentionParameters parameters = attention_parameters(q, k, segments, attrs);
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand ranges = metal.scratch(DType::i32, {q.dim(0), 2});
  const auto encode = [&](ComputeCommands& commands) {
    encode_key_ranges(commands, segments, ranges, parameters);
    commands.barrier();
    commands.kernel({"attention", fmt::format("attention_{}", shape.width), {{0, stored_type(q.dtype())}}});
    commands.read(0, q);
    commands.read(1, k);
    commands.read(2, v);
    commands.read(3, ranges);
    commands.write(4, out[0]);
    commands.write(5, out[1]);
    commands.value(6, parameters);
    commands.dispatch_groups({blocks_of(q.dim(0), shape.simdgroups), q.dim(1)}, {32 * shape.simdgroups});
  };
  metal.compute("attention", in, out, {&ranges, 1}, encode, {fault_messages::segment(q.dim(0), k.dim(0))});
}

void encode_attention_backward(Encoder& encoder, Operands in, Operands out, const AttentionBackward::Attrs& attrs) {
  const Operand &dout = in[0], &q = in[1], &k = in[2], &v = in[3], &y = in[4], &lse = in[5], &segments = in[6];
  const int64_t queries = q.dim(0), keys = k.dim(0), heads = q.dim(1), kv_heads = k.dim(1);
  const AttentionShape& shape = attention_shape(q.dim(2));
  const AttentionParameters parameters = attention_parameters(q, k, segments, attrs);
  MetalEncoder& metal = metal_encoder(encoder);
  const Operand key_ranges = metal.scratch(DType::i32, {queries, 2}),
                query_ranges = metal.scratch(DType::i32, {keys, 2}),
                delta = metal.scratch(DType::f32, {heads, queries});
  const Operand scratch[] = {key_ranges, query_ranges, delta};
  const auto encode = [&](ComputeCommands& commands) {
    const std::vector<FunctionConstant> constants{{0, stored_type(q.dtype())}};
    encode_key_ranges(commands, segments, key_ranges, parameters);
    commands.kernel({"attention_ranges", "attention_query_ranges"});
    commands.read(0, segments);
    commands.write(1, query_ranges);
    commands.value(2, parameters);
    commands.dispatch_threads({keys}, {64});
    commands.kernel({"attention_backward", "attention_delta", constants});
    commands.read(0, dout);
    commands.read(1, y);
    commands.write(2, delta);
    commands.value(3, parameters);
    commands.dispatch_groups({queries, heads}, {32});
    commands.barrier();
    const int64_t threads = 32 * shape.simdgroups_backward;
    const auto bind = [&](std::initializer_list<const Operand*> reads, const Operand& result, const Operand& dv) {
      int index = 0;
      for (const Operand* operand : reads) commands.read(index++, *operand);
      commands.write(index++, result);
      commands.write(index++, dv);
      commands.value(index, parameters);
    };
    commands.kernel({"attention_backward", fmt::format("attention_backward_by_queries_{}", shape.width), constants});
    bind({&q, &dout, &k, &v, &lse, &delta, &key_ranges}, out[0], {});
    commands.dispatch_groups({blocks_of(queries, shape.simdgroups_backward), heads}, {threads});
    commands.kernel({"attention_backward", fmt::format("attention_backward_by_keys_{}", shape.width), constants});
    bind({&k, &v, &q, &dout, &lse, &delta, &query_ranges}, out[1], out[2]);
    commands.dispatch_groups({blocks_of(keys, shape.simdgroups_backward), kv_heads}, {threads});
  };
  metal.compute("attention_backward", in, out, scratch, encode, {fault_messages::segment(queries, keys)});
}

bool supports_attention(std::span<const TensorSpec> in, const Attention::Attrs&) {
  return is_kernel_float(in[0].dtype) && in[0].shape()[2] <= kWidestHead && fits_kernels(in);
}

bool supports_attention_backward(std::span<const TensorSpec> in, const AttentionBackward::Attrs&) {
  return is_kernel_float(in[1].dtype) && in[1].shape()[2] <= kWidestHead && fits_kernels(in);
}

}  // namespace

void register_attention(Placement& placement) {
  placement.add<Attention>({.supports = supports_attention, .encode = encode_attention}, "f32 f16 bf16");
  placement.add<AttentionBackward>({.supports = supports_attention_backward, .encode = encode_attention_backward},
                                   "f32 f16 bf16");
}

}  // namespace temper::metal
