#include "runtime/mps/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "runtime/checks/report.h"
#include "runtime/events/log.h"
#include "runtime/foundation/string.h"

namespace metalhost::mps {
namespace {

template <class T>
void define_batch(ClassBuilder<T>& builder) {
  builder.method("batchStart", [](T& self) { return self.batch.start; })
      .method("setBatchStart:", [](T& self, uint64_t start) { self.batch.start = start; })
      .method("batchSize", [](T& self) { return self.batch.size; })
      .method("setBatchSize:", [](T& self, uint64_t size) { self.batch.size = size; })
      .method("resultMatrixOrigin", [](T& self) { return self.result_origin; })
      .method("setResultMatrixOrigin:", [](T& self, Origin origin) { self.result_origin = origin; });
}

bool check_temporary(const Operand& operand, CommandBuffer& command_buffer) {
  if (!is_kind_of(operand.storage->isa, class_of<TemporaryMatrix>)) return true;
  auto* temporary = static_cast<TemporaryMatrix*>(operand.storage);
  if (temporary->command_buffer != &command_buffer) {
    report(Rule::mps_temporary, temporary,
           fmt::format("{}: it belongs to another command buffer than {}", operand.name, describe(&command_buffer)));
    return false;
  }
  if (temporary->read_count == 0) {
    report(
        Rule::mps_read_count, temporary,
        fmt::format("{}: its readCount is 0, its contents are gone; raise readCount before the reads", operand.name));
    return false;
  }
  return true;
}

// Whether two operands touch a byte in common. Of views with equal strides the columns are compared, so that halves of
// one matrix are apart.
bool share_bytes(const Storage& a, uint64_t a_begin, uint64_t a_end, uint64_t a_row, const Storage& b, uint64_t b_begin,
                 uint64_t b_end, uint64_t b_row) {
  if (a_begin >= b_end || b_begin >= a_end) return false;
  uint64_t stride = a.shape.row_bytes;
  if (stride != b.shape.row_bytes || a_row > stride || b_row > stride) return true;
  uint64_t a_column = a_begin % stride, b_column = b_begin % stride;
  if (a_column + a_row > stride || b_column + b_row > stride) return true;
  return a_column < b_column + b_row && b_column < a_column + a_row;
}

}  // namespace

void begin_kernel(Kernel& kernel, Device& device) {
  kernel.device = &device;
  log_event(EventKind::create, &kernel, "");
}

uint64_t extent(uint64_t asked, uint64_t there, uint64_t origin) {
  if (asked != kAll) return asked;
  return origin < there ? there - origin : 0;
}

bool Encoding::uses(const Operand& operand) {
  const Shape& shape = operand.storage->shape;
  const Origin& origin = operand.origin;
  if (!check_same_device(*operand.storage, operand.storage->device, kernel_.device) ||
      !check_temporary(operand, command_buffer_)) {
    return false;
  }
  bool is_vector = operand.storage->is_vector;
  if (origin.z != 0 || (is_vector && origin.y != 0)) {
    report(Rule::mps_origin, &kernel_,
           fmt::format("{}: origin {{{}, {}, {}}}; {}", operand.name, origin.x, origin.y, origin.z,
                       is_vector ? "of a vector only x counts" : "z must be 0, choose the matrix by batchStart"));
    return false;
  }
  if (operand.rows == 0 || operand.columns == 0) {
    report(Rule::mps_empty, &kernel_, fmt::format("{}: nothing to process in {}", operand.name, shape.text()));
    return false;
  }
  uint64_t row = is_vector ? 0 : origin.x;
  uint64_t column = is_vector ? origin.x : origin.y;
  if (row > shape.rows || operand.rows > shape.rows - row || column > shape.columns ||
      operand.columns > shape.columns - column) {
    report(Rule::mps_dimensions, &kernel_,
           fmt::format("{}: [{}, {}] from row {}, column {} on lies outside {}", operand.name, operand.rows,
                       operand.columns, row, column, shape.text()));
    return false;
  }
  if (!operand.storage->buffer()) return false;
  operands_.push_back(operand);
  operands_.back().origin = {row, column, 0};
  return true;
}

bool Encoding::processes(const Batch& batch) {
  first_ = batch.start;
  matrices_ = batch.size;
  for (const Operand& operand : operands_) {
    uint64_t there = operand.storage->shape.matrices;
    if (batch.start >= there || (batch.size != kAll && batch.size > there - batch.start)) {
      report(Rule::mps_batch, &kernel_,
             fmt::format("{}: batchStart {}, batchSize {} with {} matrices", operand.name, batch.start,
                         batch.size == kAll ? "(all)" : std::to_string(batch.size), there));
      return false;
    }
    if (batch.size == kAll) matrices_ = std::min(matrices_, there - batch.start);
  }
  if (matrices_ == 0) report(Rule::mps_empty, &kernel_, "batchSize is 0");
  return matrices_ != 0;
}

Encoding::Span Encoding::span(const Operand& operand) const {
  const Shape& shape = operand.storage->shape;
  uint64_t begin = operand.storage->offset + first_ * shape.matrix_bytes + operand.origin.x * shape.row_bytes +
                   operand.origin.y * element_bytes(shape.type);
  uint64_t bytes = (matrices_ - 1) * shape.matrix_bytes + (operand.rows - 1) * shape.row_bytes +
                   operand.columns * element_bytes(shape.type);
  return {begin, begin + bytes};
}

bool Encoding::overlap(bool may_be_in_place) {
  for (const Operand& result : operands_) {
    if (!result.writes) continue;
    for (const Operand& other : operands_) {
      if (&other == &result || (other.writes && &other < &result)) continue;
      Buffer& a = *result.storage->buffer();
      Buffer& b = *other.storage->buffer();
      if (a.memory != b.memory) continue;
      Span x = span(result), y = span(other);
      bool same = a.offset + x.begin == b.offset + y.begin && x.end == y.end &&
                  result.storage->shape.row_bytes == other.storage->shape.row_bytes;
      if (same && may_be_in_place && !other.writes) continue;
      if (share_bytes(*result.storage, a.offset + x.begin, a.offset + x.end,
                      result.columns * element_bytes(result.storage->shape.type), *other.storage, b.offset + y.begin,
                      b.offset + y.end, other.columns * element_bytes(other.storage->shape.type))) {
        report(Rule::mps_overlap, &kernel_,
               fmt::format("{} and {} share bytes of {}", result.name, other.name, describe(&a)));
        return false;
      }
    }
  }
  return true;
}

bool Encoding::results_are_apart() {
  return overlap(false);
}
bool Encoding::results_are_apart_or_in_place() {
  return overlap(true);
}

bool Encoding::rejects_type(const Operand& operand, const std::string& allowed) {
  report(Rule::mps_data_type, &kernel_,
         fmt::format("{} is {}: it must be {}", operand.name, name_of(operand.storage->shape.type), allowed));
  return false;
}

Elements Encoding::elements(std::size_t index, uint64_t matrix) const {
  const Operand& operand = operands_[index];
  const Shape& shape = operand.storage->shape;
  return {operand.storage->buffer()->gpu(span(operand).begin + matrix * shape.matrix_bytes), shape.row_bytes,
          shape.type};
}

void Encoding::encode(const char* name, std::function<void()> run) {
  Command command;
  command.name = name;
  std::vector<Object*> kept;
  for (const Operand& operand : operands_) {
    Buffer* buffer = operand.storage->buffer();
    Span bytes = span(operand);
    command.accesses.push_back(access_of(*buffer, bytes.begin, bytes.end - bytes.begin, operand.writes));
    kept.push_back(operand.storage);
    kept.push_back(buffer);
  }
  std::vector<TemporaryMatrix*> read;
  for (const Operand& operand : operands_) {
    if (!operand.is_read || !is_kind_of(operand.storage->isa, class_of<TemporaryMatrix>)) continue;
    auto* temporary = static_cast<TemporaryMatrix*>(operand.storage);
    if (std::find(read.begin(), read.end(), temporary) == read.end()) read.push_back(temporary);
  }
  // Those that this reads for the last time lose their contents: their memory may be another's afterwards.
  std::vector<std::pair<std::shared_ptr<Memory>, std::span<std::byte>>> discarded;
  for (TemporaryMatrix* temporary : read) {
    Buffer* buffer = temporary->buffer();
    if (temporary->read_count == 1) discarded.emplace_back(buffer->memory, std::span(buffer->gpu(), buffer->length));
  }
  command.run = [run = std::move(run), discarded = std::move(discarded)] {
    run();
    for (const auto& [memory, bytes] : discarded) std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
  };
  if (!command_buffer_.add_external(name, std::move(kept), std::move(command))) return;
  for (TemporaryMatrix* temporary : read) --temporary->read_count;
}

void register_kernels() {
  ClassBuilder<Kernel> kernel("MPSKernel", root_class(), "C:MPSKernel");
  kernel.abstract()
      .method("device", [](Kernel& self) { return self.device; })
      .method("label", [](Kernel& self) { return make_string(self.label); })
      .method("setLabel:", [](Kernel& self, String* label) { self.label = text_of(label); })
      .method("options", [](Kernel& self) { return self.options; })
      .method("setOptions:", [](Kernel& self, uint64_t options) { self.options = options; });

  ClassBuilder<UnaryKernel> unary("MPSMatrixUnaryKernel", kernel.get(), "C:MPSMatrixUnaryKernel");
  define_batch(unary.abstract());
  unary.method("sourceMatrixOrigin", [](UnaryKernel& self) { return self.source_origin; })
      .method("setSourceMatrixOrigin:", [](UnaryKernel& self, Origin origin) { self.source_origin = origin; });

  ClassBuilder<BinaryKernel> binary("MPSMatrixBinaryKernel", kernel.get(), "C:MPSMatrixBinaryKernel");
  define_batch(binary.abstract());
  binary.method("primarySourceMatrixOrigin", [](BinaryKernel& self) { return self.primary_origin; })
      .method("setPrimarySourceMatrixOrigin:", [](BinaryKernel& self, Origin origin) { self.primary_origin = origin; })
      .method("secondarySourceMatrixOrigin", [](BinaryKernel& self) { return self.secondary_origin; })
      .method("setSecondarySourceMatrixOrigin:",
              [](BinaryKernel& self, Origin origin) { self.secondary_origin = origin; });
}

}  // namespace metalhost::mps
