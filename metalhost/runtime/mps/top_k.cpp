// MPSMatrixFindTopK.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "runtime/checks/report.h"
#include "runtime/mps/kernel.h"
#include "runtime/mps/parallel.h"

namespace metalhost::mps {
namespace {

constexpr uint64_t kMaxTopK = 16;
struct FindTopK : UnaryKernel {
  uint64_t source_rows = kAll;
  uint64_t source_columns = kAll;
  uint64_t index_offset = 0;
  uint64_t count = 0;
  void assign(const FindTopK& other) {
    UnaryKernel::assign(other);
    source_rows = other.source_rows;
    source_columns = other.source_columns;
    index_offset = other.index_offset;
    count = other.count;
  }
};

struct Found {
  Elements source, indices, values;
};

// The largest first; of equal values the one further left.
void find_row(const Found& matrices, uint64_t row, uint64_t columns, uint64_t count, uint64_t index_offset) {
  std::vector<uint32_t> order(columns);
  std::iota(order.begin(), order.end(), 0u);
  auto value = [&](uint32_t column) { return matrices.source.load(row, column); };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](uint32_t a, uint32_t b) { return value(a) != value(b) ? value(a) > value(b) : a < b; });
  for (uint64_t k = 0; k < count; ++k) {
    matrices.indices.store_index(row, k, static_cast<uint32_t>(order[k] + index_offset));
    matrices.values.store(row, k, value(order[k]));
  }
}

void encode(FindTopK& self, CommandBuffer& command_buffer, Matrix& source, Matrix& indices, Matrix& values) {
  Encoding encoding(self, command_buffer);
  uint64_t rows = extent(self.source_rows, source.shape.rows, self.source_origin.x);
  uint64_t columns = extent(self.source_columns, source.shape.columns, self.source_origin.y);
  if (!check_same_device(self, self.device, command_buffer.device())) return;
  if (self.count == 0 || self.count > kMaxTopK || self.count > columns) {
    report(Rule::mps_top_k, &self,
           fmt::format("{} largest values of {} columns: between 1 and 16, and no more than there are", self.count,
                       columns));
    return;
  }
  if (!encoding.uses({.name = "input matrix",
                      .storage = &source,
                      .origin = self.source_origin,
                      .rows = rows,
                      .columns = columns}) ||
      !encoding.uses({.name = "result index matrix",
                      .storage = &indices,
                      .origin = self.result_origin,
                      .rows = rows,
                      .columns = self.count,
                      .writes = true,
                      .is_read = false}) ||
      !encoding.uses({.name = "result value matrix",
                      .storage = &values,
                      .origin = self.result_origin,
                      .rows = rows,
                      .columns = self.count,
                      .writes = true,
                      .is_read = false}) ||
      !encoding.processes(self.batch)) {
    return;
  }
  DataType type = source.shape.type;
  if (!is_float(type)) {
    encoding.rejects_type(encoding.operand(0), "f32 or f16");
  } else if (indices.shape.type != DataType::u32) {
    encoding.rejects_type(encoding.operand(1), "u32");
  } else if (values.shape.type != type) {
    encoding.rejects_type(encoding.operand(2), name_of(type) + ", as the input matrix");
  } else if (encoding.results_are_apart()) {
    std::vector<Found> matrices;
    for (uint64_t i = 0; i < encoding.matrices(); ++i) {
      matrices.push_back({encoding.elements(0, i), encoding.elements(1, i), encoding.elements(2, i)});
    }
    encoding.encode("MPSMatrixFindTopK", [matrices = std::move(matrices), rows, columns, count = self.count,
                                          index_offset = self.index_offset] {
      uint64_t grain = std::max<uint64_t>(1, kElementsAThread / columns);
      parallel_for(matrices.size() * rows, grain, [&](uint64_t begin, uint64_t end) {
        for (uint64_t i = begin; i < end; ++i) find_row(matrices[i / rows], i % rows, columns, count, index_offset);
      });
    });
  }
}

}  // namespace

void register_top_k() {
  ClassBuilder<FindTopK> builder("MPSMatrixFindTopK", class_of<UnaryKernel>, "C:MPSMatrixFindTopK");
  define_copies(builder);
  builder
      .method("initWithDevice:numberOfTopKValues:",
              [](FindTopK& self, Device& device, uint64_t count) {
                begin_kernel(self, device);
                self.count = count;
                return &self;
              })
      .method("sourceRows", [](FindTopK& self) { return self.source_rows; })
      .method("setSourceRows:", [](FindTopK& self, uint64_t rows) { self.source_rows = rows; })
      .method("sourceColumns", [](FindTopK& self) { return self.source_columns; })
      .method("setSourceColumns:", [](FindTopK& self, uint64_t columns) { self.source_columns = columns; })
      .method("indexOffset", [](FindTopK& self) { return self.index_offset; })
      .method("setIndexOffset:", [](FindTopK& self, uint64_t offset) { self.index_offset = offset; })
      .method("numberOfTopKValues", [](FindTopK& self) { return self.count; })
      .method("setNumberOfTopKValues:", [](FindTopK& self, uint64_t count) { self.count = count; })
      .method("encodeToCommandBuffer:inputMatrix:resultIndexMatrix:resultValueMatrix:",
              [](FindTopK& self, CommandBuffer& command_buffer, Matrix& source, Matrix& indices, Matrix& values) {
                encode(self, command_buffer, source, indices, values);
              });
}

}  // namespace metalhost::mps
