#include "device/op_specs/sample.h"

#include <fmt/format.h>

#include "device/metal/compute.h"
#include "device/metal/placement.h"

namespace temper::metal {
namespace {

#include "device/metal/parameters/ranking.h"

using specs::RepetitionPenalty;
using specs::Sample;

void encode_sample(Encoder& encoder, Operands in, Operands out, const Sample::Attrs& attrs) {
  const int64_t rows = in[0].dim(0), columns = in[0].dim(1);
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"sample", fmt::format("sample_{}", kernel_type(in[0].dtype()))});
    for (int i = 0; i < 3; ++i) commands.read(i, in[static_cast<size_t>(i)]);
    commands.write(3, out[0]);
    commands.value(4, RankingParameters{static_cast<uint32_t>(columns), 0, attrs.site});
    commands.faults(5);
    commands.dispatch_groups({rows}, {row_threads(columns)});
  };
  metal_encoder(encoder).compute("sample", in, out, {}, encode, {fault_messages::sample()});
}

void encode_repetition_penalty(Encoder& encoder, Operands in, Operands out, const RepetitionPenalty::Attrs& attrs) {
  const int64_t rows = in[0].dim(0), columns = in[0].dim(1), length = in[1].dim(1);
  const auto encode = [&](ComputeCommands& commands) {
    commands.kernel({"sample", fmt::format("repetition_penalty_{}", kernel_type(in[0].dtype()))});
    commands.read(0, in[0]);
    commands.read(1, in[1]);
    commands.write(2, out[0]);
    commands.value(3, PenaltyParameters{static_cast<uint32_t>(rows), static_cast<uint32_t>(columns),
                                        static_cast<uint32_t>(length), attrs.penalty});
    commands.faults(4);
    commands.dispatch_threads({columns, rows}, {64, 4});
  };
  metal_encoder(encoder).compute("repetition_penalty", in, out, {}, encode, {fault_messages::history(columns)});
}

}  // namespace

void register_sample(Placement& placement) {
  placement.add<Sample>({.supports = takes_floats<Sample>, .encode = encode_sample}, "f32 f16 bf16");
  placement.add<RepetitionPenalty>({.supports = takes_floats<RepetitionPenalty>, .encode = encode_repetition_penalty},
                                   "f32 f16 bf16");
}

}  // namespace temper::metal
