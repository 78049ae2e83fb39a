#pragma once

#include <string>
#include <vector>

#include "base/fail.h"
#include "device/backend.h"
#include "device/kernel_table.h"
#include "device/metal/stream.h"
#include "device/metal/weight.h"

// Which ops the GPU runs itself, and which the CPU runs for it over the same memory. An op joins by a file in kernels/,
// which registers what it takes natively; what it doesn't take is placed on the CPU. `temper info` prints the
// table, `--counters` what ran where.
namespace temper::metal {

/// Attributes with the weight they name, if any, as the CPU backend knows it.
template <class Attrs>
Attrs on_cpu(Attrs attrs) {
  if constexpr (requires { attrs.weight->rows(); }) attrs.weight = metal_weight(attrs.weight).on_cpu();
  if constexpr (requires { attrs.table->rows(); }) attrs.table = metal_weight(attrs.table).on_cpu();
  if constexpr (requires { attrs.head->rows(); }) attrs.head = metal_weight(attrs.head).on_cpu();
  return attrs;
}

/// The kernels of this backend while they are put together.
class Placement {
 public:
  explicit Placement(const KernelTable& cpu) : cpu_(cpu) {}

  /// The GPU runs what `native.supports` takes (null: everything), the CPU the rest. `types`: for the printed table.
  template <class Spec>
  void add(const Kernel<Spec>& native, std::string types) {
    using Attrs = typename Spec::Attrs;
    const Kernel<Spec>* cpu = cpu_.find<Spec>();
    TEMPER_ASSERT(cpu && (!native.encode || native.takes_strided == cpu->takes_strided));
    const auto takes = [native](std::span<const TensorSpec> in, const Attrs& attrs) {
      return native.encode && (!native.supports || native.supports(in, attrs));
    };
    Kernel<Spec> kernel = *cpu;
    kernel.in_place_input = native.encode ? native.in_place_input : cpu->in_place_input;
    if (cpu->supports)
      kernel.supports = [takes, supports = cpu->supports](std::span<const TensorSpec> in, const Attrs& attrs) {
        return takes(in, attrs) || supports(in, on_cpu(attrs));
      };
    kernel.encode = [takes, native, on_host = cpu->encode](Encoder& encoder, Operands in, Operands out,
                                                           const Attrs& attrs) {
      std::vector<TensorSpec> specs;
      for (const Operand& operand : in) specs.push_back(operand.spec);
      if (takes(specs, attrs)) return native.encode(encoder, in, out, attrs);
      metal_encoder(encoder).on_cpu(Spec::name, in, out, [&](Encoder& cpu_encoder, Operands i, Operands o) {
        on_host(cpu_encoder, i, o, on_cpu(attrs));
      });
    };
    table_.add<Spec>(kernel);
    rows_.push_back({std::string(Spec::name), std::move(types)});
  }

  const KernelTable& table() const { return table_; }
  const std::vector<OpPlacement>& rows() const { return rows_; }

 private:
  const KernelTable& cpu_;
  KernelTable table_;
  std::vector<OpPlacement> rows_;
};

/// Every op, by the files in kernels/.
void place_all(Placement& placement);

}  // namespace temper::metal
