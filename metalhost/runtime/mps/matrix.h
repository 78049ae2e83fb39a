// MPSMatrixDescriptor, MPSMatrix, MPSTemporaryMatrix, MPSVectorDescriptor and MPSVector.
#pragma once
#include "runtime/metal/buffer.h"
#include "runtime/metal/command_buffer.h"
#include "runtime/mps/element.h"

namespace metalhost::mps {

// What matrices and vectors share: a vector is a matrix of one row, a stack of vectors a stack of such matrices.
struct Shape {
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t matrices = 1;
  uint64_t row_bytes = 0;
  uint64_t matrix_bytes = 0;
  DataType type = DataType::invalid;

  uint64_t bytes() const {
    return (matrices - 1) * matrix_bytes + (rows - 1) * row_bytes + columns * element_bytes(type);
  }
  std::string text() const;  // "[2][3,4] f32"
};

struct MatrixDescriptor : Object {
  Shape shape;
};
struct VectorDescriptor : Object {
  Shape shape;
};

struct Storage : Object {
  Device* device = nullptr;
  Shape shape;
  uint64_t offset = 0;
  bool is_vector = false;
  bool owns_buffer = false;
  StorageMode mode = StorageMode::shared;  // of a buffer that is allocated here

  std::string label_text() const { return shape.text(); }
  // The buffer; of a matrix that was made without one, allocated now. Null when there is no memory.
  Buffer* buffer();
  void set_buffer(Ref<Buffer> buffer) { buffer_ = std::move(buffer); }

 private:
  Ref<Buffer> buffer_;
};
struct Matrix : Storage {};
struct Vector : Storage {};

struct TemporaryMatrix : Matrix {
  CommandBuffer* command_buffer = nullptr;  // which keeps this alive
  uint64_t read_count = 1;
  ~TemporaryMatrix();
};

// For the program's code: rows, columns and strides that can't be, with a report about `object`.
bool check_shape(const Object& object, const Shape& shape, bool is_vector);

void register_matrices();
void register_vectors();

}  // namespace metalhost::mps
