// MPSKernel and its unary and binary bases; and the checks that every encode... method begins with.
#pragma once
#include <limits>
#include <vector>

#include "runtime/mps/matrix.h"
#include "runtime/objc/define.h"

namespace metalhost::mps {

inline constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

struct Kernel : SingleThreaded {
  Device* device = nullptr;
  std::string label;
  uint64_t options = 0;
  std::string label_text() const { return label; }
};

// What every -init... begins with: the kernel belongs to the device, and counts as created.
void begin_kernel(Kernel& kernel, Device& device);

struct Batch {
  uint64_t start = 0;
  uint64_t size = kAll;
};

struct UnaryKernel : Kernel {
  Origin source_origin{};
  Origin result_origin{};
  Batch batch;
  void assign(const UnaryKernel& other) {
    source_origin = other.source_origin;
    result_origin = other.result_origin;
    batch = other.batch;
  }
};

struct BinaryKernel : Kernel {
  Origin primary_origin{};
  Origin secondary_origin{};
  Origin result_origin{};
  Batch batch;
  void assign(const BinaryKernel& other) {
    primary_origin = other.primary_origin;
    secondary_origin = other.secondary_origin;
    result_origin = other.result_origin;
    batch = other.batch;
  }
};

// What one operand of an operation is used for.
struct Operand {
  const char* name;  // "left matrix"
  Storage* storage;
  Origin origin;
  uint64_t rows;     // from the origin on; for a vector 1
  uint64_t columns;  // for a vector its elements
  bool writes = false;
  bool is_read = true;  // false: overwritten without being read
};

// One operation on its way into a command buffer.
class Encoding {
 public:
  Encoding(Kernel& kernel, CommandBuffer& command_buffer) : kernel_(kernel), command_buffer_(command_buffer) {}

  // Each says no after a report.
  bool uses(const Operand& operand);
  bool processes(const Batch& batch);    // after uses(): the matrices batch.start... of every operand
  bool results_are_apart();              // no result shares bytes with another operand, ...
  bool results_are_apart_or_in_place();  // ... or it is exactly that operand
  bool same_types(const char* a, const char* b);
  bool rejects_type(const Operand& operand, const std::string& allowed);  // reports; always false

  uint64_t matrices() const { return matrices_; }
  // Matrix `index` of the batch of operand number `operand`, from its origin on, for the GPU thread.
  Elements elements(std::size_t operand, uint64_t index = 0) const;
  const Operand& operand(std::size_t index) const { return operands_[index]; }

  // Puts the operation into the command buffer; `run` is called on a GPU thread.
  void encode(const char* name, std::function<void()> run);

 private:
  struct Span {
    uint64_t begin, end;
  };
  Span span(const Operand& operand) const;
  bool overlap(bool may_be_in_place);

  Kernel& kernel_;
  CommandBuffer& command_buffer_;
  std::vector<Operand> operands_;
  uint64_t first_ = 0;
  uint64_t matrices_ = 1;
};

// How many rows or columns a kernel processes: what is asked for, or all that there are from the origin on.
uint64_t extent(uint64_t asked, uint64_t there, uint64_t origin);

// -copy and -copyWithZone:device: of a kernel class.
template <class T>
Ref<T> copy_kernel(T& self, Device* device) {
  auto copy = make_instance<T>(self.isa);
  copy->assign(self);
  begin_kernel(*copy, device ? *device : *self.device);
  copy->label = self.label;
  copy->options = self.options;
  return copy;
}

template <class T>
void define_copies(ClassBuilder<T>& builder) {
  builder.method("copy", [](T& self) { return copy_kernel(self, nullptr); })
      .method("copyWithZone:device:", [](T& self, void*, Device* device) { return copy_kernel(self, device); });
}

void register_kernels();
void register_multiplications();
void register_softmax();
void register_top_k();
void register_sums();
void register_copies();

}  // namespace metalhost::mps
