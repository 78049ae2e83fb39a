// MPSMatrixCopyDescriptor and MPSMatrixCopy.
#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "runtime/checks/report.h"
#include "runtime/foundation/collections.h"
#include "runtime/mps/kernel.h"
#include "runtime/objc/send.h"

namespace metalhost::mps {
namespace {

// MPSMatrixCopyOffsets.
struct CopyOffsets {
  uint32_t source_row, source_column, destination_row, destination_column;
};

struct CopyOperation {
  Ref<Matrix> source, destination;
  CopyOffsets offsets{};
};

struct CopyDescriptor : Object {
  std::vector<CopyOperation> operations;
  Ref<Vector> offsets;  // read on the GPU, from offset_bytes on
  uint64_t offset_bytes = 0;
};

struct Copy : Kernel {
  uint64_t rows = 0;
  uint64_t columns = 0;
  bool source_transposed = false;
  bool destination_transposed = false;
  void assign(const Copy& other) {
    rows = other.rows;
    columns = other.columns;
    source_transposed = other.source_transposed;
    destination_transposed = other.destination_transposed;
  }
};

// One operation as a GPU thread sees it: whole matrices, since offsets may come from the GPU.
struct Region {
  Elements source, destination;
  Shape source_shape, destination_shape;
  CopyOffsets offsets{};
};

struct CopyWork {
  std::vector<Region> regions;
  uint64_t rows = 0, columns = 0;
  bool source_transposed = false, destination_transposed = false;
  std::optional<Elements> offsets, row_indices, column_indices;
  uint64_t row_index_offset = 0, column_index_offset = 0;
  std::string kernel;  // for reports
  CallSite site = nullptr;

  bool inside(const char* name, const Shape& shape, uint64_t row, uint64_t column, uint64_t height,
              uint64_t width) const {
    if (row + height <= shape.rows && column + width <= shape.columns) return true;
    report_from_outside(Rule::mps_dimensions, kernel,
                        fmt::format("{}: [{}, {}] from row {}, column {} on lies outside {}", name, height, width, row,
                                    column, shape.text()),
                        site);
    return false;
  }

  // Where entry `index` of a destination's row or column goes.
  std::optional<uint64_t> permuted(const std::optional<Elements>& indices, uint64_t first, uint64_t index,
                                   uint64_t count) const {
    if (!indices) return index;
    uint64_t target = indices->load_index(0, first + index);
    if (target < count) return target;
    report_from_outside(Rule::mps_permutation, kernel,
                        fmt::format("index {} of the permutation is {}, of {}", index, target, count), site);
    return std::nullopt;
  }

  void run() const {
    for (std::size_t k = 0; k < regions.size(); ++k) {
      const Region& region = regions[k];
      CopyOffsets at = region.offsets;
      if (offsets) std::memcpy(&at, offsets->base + k * sizeof(CopyOffsets), sizeof(CopyOffsets));
      uint64_t source_rows = source_transposed ? columns : rows, source_columns = source_transposed ? rows : columns;
      uint64_t target_rows = destination_transposed ? columns : rows;
      uint64_t target_columns = destination_transposed ? rows : columns;
      if (!inside("source", region.source_shape, at.source_row, at.source_column, source_rows, source_columns) ||
          !inside("destination", region.destination_shape, at.destination_row, at.destination_column, target_rows,
                  target_columns)) {
        return;
      }
      uint64_t size = element_bytes(region.source.type);
      for (uint64_t i = 0; i < target_rows; ++i) {
        auto row = permuted(row_indices, row_index_offset, i, target_rows);
        if (!row) return;
        for (uint64_t j = 0; j < target_columns; ++j) {
          auto column = permuted(column_indices, column_index_offset, j, target_columns);
          if (!column) return;
          bool crossed = source_transposed != destination_transposed;
          std::memcpy(region.destination.at(at.destination_row + *row, at.destination_column + *column),
                      region.source.at(at.source_row + (crossed ? j : i), at.source_column + (crossed ? i : j)), size);
        }
      }
    }
  }
};

bool check_operations(Copy& self, const CopyDescriptor& descriptor) {
  for (std::size_t i = 0; i < descriptor.operations.size(); ++i) {
    const CopyOperation& operation = descriptor.operations[i];
    if (!operation.source || !operation.destination) {
      report(Rule::mps_copy_operations, &descriptor, fmt::format("copy operation {} is not set", i));
      return false;
    }
    if (operation.source->shape.type != operation.destination->shape.type) {
      report(Rule::mps_data_type, &self,
             fmt::format("copy operation {} is from {} to {}", i, operation.source->shape.text(),
                         operation.destination->shape.text()));
      return false;
    }
  }
  return true;
}

void encode(Copy& self, CommandBuffer& command_buffer, CopyDescriptor& descriptor, Vector* row_indices,
            uint64_t row_offset, Vector* column_indices, uint64_t column_offset) {
  Encoding encoding(self, command_buffer);
  if (!check_same_device(self, self.device, command_buffer.device()) || !check_operations(self, descriptor)) return;
  uint64_t source_rows = self.source_transposed ? self.columns : self.rows;
  uint64_t source_columns = self.source_transposed ? self.rows : self.columns;
  uint64_t target_rows = self.destination_transposed ? self.columns : self.rows;
  uint64_t target_columns = self.destination_transposed ? self.rows : self.columns;
  bool on_gpu = static_cast<bool>(descriptor.offsets);
  for (const CopyOperation& operation : descriptor.operations) {
    const Shape& from = operation.source->shape;
    const Shape& to = operation.destination->shape;
    // Offsets known now are checked now, and only what is copied counts as read and written.
    if (!encoding.uses({.name = "source matrix",
                        .storage = operation.source.get(),
                        .origin = {operation.offsets.source_row, operation.offsets.source_column, 0},
                        .rows = on_gpu ? from.rows : source_rows,
                        .columns = on_gpu ? from.columns : source_columns}) ||
        !encoding.uses({.name = "destination matrix",
                        .storage = operation.destination.get(),
                        .origin = {operation.offsets.destination_row, operation.offsets.destination_column, 0},
                        .rows = on_gpu ? to.rows : target_rows,
                        .columns = on_gpu ? to.columns : target_columns,
                        .writes = true,
                        .is_read = false})) {
      return;
    }
  }
  auto use_indices = [&](const char* name, Vector* vector, uint64_t first, uint64_t count) {
    if (!vector) return true;
    Operand operand{.name = name, .storage = vector, .origin = {first, 0, 0}, .rows = 1, .columns = count};
    if (vector->shape.type != DataType::u32) return encoding.rejects_type(operand, "u32");
    return encoding.uses(operand);
  };
  if (!use_indices("row permute indices", row_indices, row_offset, target_rows) ||
      !use_indices("column permute indices", column_indices, column_offset, target_columns) ||
      !use_indices("offset vector", descriptor.offsets.get(), descriptor.offset_bytes / sizeof(uint32_t),
                   4 * descriptor.operations.size()) ||
      !encoding.processes({0, 1}) || !encoding.results_are_apart()) {
    return;
  }
  CopyWork work;
  for (std::size_t i = 0; i < descriptor.operations.size(); ++i) {
    Region region{encoding.elements(2 * i), encoding.elements(2 * i + 1), {}, {}, {}};
    region.source_shape = on_gpu ? descriptor.operations[i].source->shape : Shape{source_rows, source_columns};
    region.destination_shape =
        on_gpu ? descriptor.operations[i].destination->shape : Shape{target_rows, target_columns};
    work.regions.push_back(region);
  }
  std::size_t next = 2 * descriptor.operations.size();
  if (row_indices) work.row_indices = encoding.elements(next++);
  if (column_indices) work.column_indices = encoding.elements(next++);
  if (on_gpu) work.offsets = encoding.elements(next++);
  work.rows = self.rows;
  work.columns = self.columns;
  work.source_transposed = self.source_transposed;
  work.destination_transposed = self.destination_transposed;
  work.kernel = describe(&self);
  work.site = current_send.site;
  encoding.encode("MPSMatrixCopy", [work = std::move(work)] { work.run(); });
}

CopyDescriptor* init(CopyDescriptor& self, Array& sources, Array& destinations, Vector* offsets,
                     uint64_t offset_bytes) {
  if (sources.items.size() != destinations.items.size() || sources.items.empty()) {
    report(Rule::mps_copy_operations, &self,
           fmt::format("{} sources and {} destinations", sources.items.size(), destinations.items.size()));
    return nullptr;
  }
  if (offset_bytes % 16 != 0) {
    report(Rule::mps_offset, &self, fmt::format("byte offset {} is not a multiple of 16", offset_bytes));
    return nullptr;
  }
  for (std::size_t i = 0; i < sources.items.size(); ++i) {
    if (!check_object_argument(sources.items[i].get(), class_of<Matrix>, 1, false) ||
        !check_object_argument(destinations.items[i].get(), class_of<Matrix>, 2, false)) {
      return nullptr;
    }
    self.operations.push_back({Ref<Matrix>(static_cast<Matrix*>(sources.items[i].get())),
                               Ref<Matrix>(static_cast<Matrix*>(destinations.items[i].get())),
                               {}});
  }
  self.offsets = Ref<Vector>(offsets);
  self.offset_bytes = offset_bytes;
  return &self;
}

}  // namespace

void register_copies() {
  ClassBuilder<CopyDescriptor>("MPSMatrixCopyDescriptor", root_class(), "C:MPSMatrixCopyDescriptor")
      .class_method("descriptorWithSourceMatrix:destinationMatrix:offsets:",
                    [](ObjcClass&, Matrix& source, Matrix& destination, CopyOffsets offsets) {
                      auto descriptor = make<CopyDescriptor>();
                      descriptor->operations.push_back({Ref<Matrix>(&source), Ref<Matrix>(&destination), offsets});
                      return descriptor;
                    })
      .method("initWithDevice:count:",
              [](CopyDescriptor& self, Device&, uint64_t count) {
                self.operations.resize(count);
                return &self;
              })
      .method("initWithSourceMatrices:destinationMatrices:offsetVector:offset:",
              [](CopyDescriptor& self, Array& sources, Array& destinations, Vector* offsets, uint64_t offset_bytes) {
                return init(self, sources, destinations, offsets, offset_bytes);
              })
      .method("setCopyOperationAtIndex:sourceMatrix:destinationMatrix:offsets:",
              [](CopyDescriptor& self, uint64_t index, Matrix& source, Matrix& destination, CopyOffsets offsets) {
                if (index >= self.operations.size()) {
                  report(Rule::mps_copy_operations, &self,
                         fmt::format("copy operation {} of {}", index, self.operations.size()));
                  return;
                }
                self.operations[index] = {Ref<Matrix>(&source), Ref<Matrix>(&destination), offsets};
              });

  ClassBuilder<Copy> builder("MPSMatrixCopy", class_of<Kernel>, "C:MPSMatrixCopy");
  define_copies(builder);
  builder
      .method("initWithDevice:copyRows:copyColumns:sourcesAreTransposed:destinationsAreTransposed:",
              [](Copy& self, Device& device, uint64_t rows, uint64_t columns, bool source_transposed,
                 bool destination_transposed) -> Copy* {
                if (rows == 0 || columns == 0) {
                  report(Rule::mps_empty, &self, "a copy of nothing: skip it");
                  return nullptr;
                }
                begin_kernel(self, device);
                self.rows = rows;
                self.columns = columns;
                self.source_transposed = source_transposed;
                self.destination_transposed = destination_transposed;
                return &self;
              })
      .method("copyRows", [](Copy& self) { return self.rows; })
      .method("copyColumns", [](Copy& self) { return self.columns; })
      .method("sourcesAreTransposed", [](Copy& self) { return self.source_transposed; })
      .method("destinationsAreTransposed", [](Copy& self) { return self.destination_transposed; })
      .method("encodeToCommandBuffer:copyDescriptor:",
              [](Copy& self, CommandBuffer& command_buffer, CopyDescriptor& descriptor) {
                encode(self, command_buffer, descriptor, nullptr, 0, nullptr, 0);
              })
      .method(
          "encodeToCommandBuffer:copyDescriptor:rowPermuteIndices:rowPermuteOffset:columnPermuteIndices:"
          "columnPermuteOffset:",
          [](Copy& self, CommandBuffer& command_buffer, CopyDescriptor& descriptor, Vector* row_indices,
             uint64_t row_offset, Vector* column_indices, uint64_t column_offset) {
            encode(self, command_buffer, descriptor, row_indices, row_offset, column_indices, column_offset);
          });
}

}  // namespace metalhost::mps
