#include "runtime/mps/matrix.h"

#include <fmt/format.h>

#include "runtime/checks/report.h"
#include "runtime/foundation/collections.h"
#include "runtime/objc/define.h"

namespace metalhost::mps {
namespace {

constexpr uint64_t kMaxSide = (uint64_t{1} << 31) - 1;

// Apple's figure is advice that depends on the device; this is what its devices answered where it is known.
uint64_t recommended_bytes(uint64_t elements, DataType type) {
  return (elements * element_bytes(type) + 15) / 16 * 16;
}

bool fits_device(const Object& object, const Device& device, const Shape& shape) {
  if (shape.bytes() <= device.profile.max_buffer_bytes) return true;
  report(Rule::mps_too_large, &object,
         fmt::format("{} needs {} bytes, more than this device's maxBufferLength of {}", shape.text(), shape.bytes(),
                     device.profile.max_buffer_bytes));
  return false;
}

Storage* init_with_buffer(Storage& self, Buffer& buffer, uint64_t offset, const Shape& shape) {
  if (!check_shape(self, shape, self.is_vector)) return nullptr;
  uint64_t size = element_bytes(shape.type);
  if (offset % size != 0) {
    report(Rule::mps_offset, &self, fmt::format("offset {} is not a multiple of the element size {}", offset, size));
    return nullptr;
  }
  if (offset > buffer.length || shape.bytes() > buffer.length - offset) {
    report(Rule::mps_past_buffer, &self,
           fmt::format("{} at offset {} needs {} bytes, {} has {}", shape.text(), offset, offset + shape.bytes(),
                       describe(&buffer), buffer.length));
    return nullptr;
  }
  self.device = buffer.device;
  self.shape = shape;
  self.offset = offset;
  self.set_buffer(Ref<Buffer>(&buffer));
  return &self;
}

Storage* init_with_device(Storage& self, Device& device, const Shape& shape) {
  if (!check_shape(self, shape, self.is_vector) || !fits_device(self, device, shape)) return nullptr;
  self.device = &device;
  self.shape = shape;
  self.owns_buffer = true;
  return &self;
}

Matrix* matrix(Storage* storage) {
  return static_cast<Matrix*>(storage);
}
Vector* vector(Storage* storage) {
  return static_cast<Vector*>(storage);
}

Ref<MatrixDescriptor> describe_matrix(Shape shape) {
  auto descriptor = make<MatrixDescriptor>();
  descriptor->shape = shape;
  return descriptor;
}
Ref<VectorDescriptor> describe_vector(uint64_t length, uint64_t vectors, uint64_t vector_bytes, DataType type) {
  auto descriptor = make<VectorDescriptor>();
  descriptor->shape = {1, length, vectors, vector_bytes, vector_bytes, type};
  return descriptor;
}

TemporaryMatrix* temporary_matrix(CommandBuffer& command_buffer, const MatrixDescriptor& descriptor) {
  if (!command_buffer.can_encode() || !check_shape(descriptor, descriptor.shape, false) ||
      !fits_device(descriptor, *command_buffer.device(), descriptor.shape)) {
    return nullptr;
  }
  auto self = make<TemporaryMatrix>();
  self->device = command_buffer.device();
  self->shape = descriptor.shape;
  self->owns_buffer = true;
  self->mode = StorageMode::device_private;
  self->command_buffer = &command_buffer;
  command_buffer.kept.emplace_back(self.get());
  return self.get();
}

template <class T>
void define_storage(ClassBuilder<T>& builder) {
  builder.method("device", [](T& self) { return self.device; })
      .method("data", [](T& self) { return self.buffer(); })
      .method("dataType", [](T& self) { return self.shape.type; })
      .method(
          "offset", [](T& self) { return self.offset; }, MacOs{10, 15})
      .method("resourceSize", [](T& self) { return self.owns_buffer ? self.shape.bytes() : 0; })
      .method("synchronizeOnCommandBuffer:", [](T& self, CommandBuffer& command_buffer) {
        check_same_device(self, self.device, command_buffer.device());  // storage is never managed here
      });
}

}  // namespace

std::string name_of(DataType type) {
  switch (type) {
    case DataType::u8:
      return "u8";
    case DataType::u16:
      return "u16";
    case DataType::u32:
      return "u32";
    case DataType::i8:
      return "i8";
    case DataType::i16:
      return "i16";
    case DataType::i32:
      return "i32";
    case DataType::f16:
      return "f16";
    case DataType::f32:
      return "f32";
    case DataType::bf16:
      return "bf16";
    default:
      return fmt::format("data type {:#x}", static_cast<uint32_t>(type));
  }
}

std::string Shape::text() const {
  std::string batch = matrices == 1 ? "" : fmt::format("{} x ", matrices);
  return fmt::format("{}[{}, {}] {}", batch, rows, columns, name_of(type));
}

bool check_shape(const Object& object, const Shape& shape, bool is_vector) {
  uint64_t size = element_bytes(shape.type);
  if (size == 0) {
    report(Rule::mps_data_type, &object, fmt::format("{} is no element type", name_of(shape.type)));
    return false;
  }
  if (shape.rows == 0 || shape.columns == 0 || shape.matrices == 0) {
    report(Rule::mps_empty, &object, shape.text() + " has no elements: skip the operation");
    return false;
  }
  if (shape.rows > kMaxSide || shape.columns > kMaxSide || shape.matrices > kMaxSide) {
    report(Rule::mps_too_large, &object, shape.text() + " has a side over 2^31 - 1: split it");
    return false;
  }
  if (shape.row_bytes % size != 0 || shape.row_bytes < shape.columns * size) {
    report(is_vector ? Rule::mps_vector_bytes : Rule::mps_row_bytes, &object,
           fmt::format("{} with {} {}: it must be a multiple of {} and at least {}", shape.text(),
                       is_vector ? "vectorBytes" : "rowBytes", shape.row_bytes, size, shape.columns * size));
    return false;
  }
  if (shape.matrices > 1 && !is_vector &&
      (shape.matrix_bytes % shape.row_bytes != 0 || shape.matrix_bytes / shape.row_bytes < shape.rows)) {
    report(Rule::mps_matrix_bytes, &object,
           fmt::format("{} with matrixBytes {}: it must be a multiple of rowBytes {} and at least {} rows of them",
                       shape.text(), shape.matrix_bytes, shape.row_bytes, shape.rows));
    return false;
  }
  return true;
}

Buffer* Storage::buffer() {
  if (!buffer_ && device) buffer_ = new_buffer(*device, shape.bytes(), options_of(0, mode, HazardTracking::automatic));
  return buffer_.get();
}

TemporaryMatrix::~TemporaryMatrix() {
  if (read_count == 0) return;
  report_from_outside(Rule::mps_read_count, describe(this),
                      fmt::format("deallocated with readCount {}: read it as often, or set readCount to 0", read_count),
                      born);
}

void register_matrices() {
  ClassBuilder<MatrixDescriptor>("MPSMatrixDescriptor", root_class(), "C:MPSMatrixDescriptor")
      .class_method("matrixDescriptorWithRows:columns:rowBytes:dataType:",
                    [](ObjcClass&, uint64_t rows, uint64_t columns, uint64_t row_bytes, DataType type) {
                      return describe_matrix({rows, columns, 1, row_bytes, rows * row_bytes, type});
                    })
      .class_method("matrixDescriptorWithRows:columns:matrices:rowBytes:matrixBytes:dataType:",
                    [](ObjcClass&, uint64_t rows, uint64_t columns, uint64_t matrices, uint64_t row_bytes,
                       uint64_t matrix_bytes, DataType type) {
                      return describe_matrix({rows, columns, matrices, row_bytes, matrix_bytes, type});
                    })
      .class_method("rowBytesForColumns:dataType:",
                    [](ObjcClass&, uint64_t columns, DataType type) { return recommended_bytes(columns, type); })
      .method("rows", [](MatrixDescriptor& self) { return self.shape.rows; })
      .method("setRows:", [](MatrixDescriptor& self, uint64_t rows) { self.shape.rows = rows; })
      .method("columns", [](MatrixDescriptor& self) { return self.shape.columns; })
      .method("setColumns:", [](MatrixDescriptor& self, uint64_t columns) { self.shape.columns = columns; })
      .method("matrices", [](MatrixDescriptor& self) { return self.shape.matrices; })
      .method("dataType", [](MatrixDescriptor& self) { return self.shape.type; })
      .method("setDataType:", [](MatrixDescriptor& self, DataType type) { self.shape.type = type; })
      .method("rowBytes", [](MatrixDescriptor& self) { return self.shape.row_bytes; })
      .method("setRowBytes:", [](MatrixDescriptor& self, uint64_t bytes) { self.shape.row_bytes = bytes; })
      .method("matrixBytes", [](MatrixDescriptor& self) { return self.shape.matrix_bytes; });

  ClassBuilder<Matrix> matrices("MPSMatrix", root_class(), "C:MPSMatrix");
  define_storage(matrices);
  matrices
      .method("initWithBuffer:descriptor:",
              [](Matrix& self, Buffer& buffer, MatrixDescriptor& descriptor) {
                return matrix(init_with_buffer(self, buffer, 0, descriptor.shape));
              })
      .method(
          "initWithBuffer:offset:descriptor:",
          [](Matrix& self, Buffer& buffer, uint64_t offset, MatrixDescriptor& descriptor) {
            return matrix(init_with_buffer(self, buffer, offset, descriptor.shape));
          },
          MacOs{10, 15})
      .method("initWithDevice:descriptor:",
              [](Matrix& self, Device& device, MatrixDescriptor& descriptor) {
                return matrix(init_with_device(self, device, descriptor.shape));
              })
      .method("rows", [](Matrix& self) { return self.shape.rows; })
      .method("columns", [](Matrix& self) { return self.shape.columns; })
      .method("matrices", [](Matrix& self) { return self.shape.matrices; })
      .method("rowBytes", [](Matrix& self) { return self.shape.row_bytes; })
      .method("matrixBytes", [](Matrix& self) { return self.shape.matrix_bytes; });

  ClassBuilder<TemporaryMatrix>("MPSTemporaryMatrix", matrices.get(), "C:MPSTemporaryMatrix")
      .abstract()
      .class_method("temporaryMatrixWithCommandBuffer:matrixDescriptor:",
                    [](ObjcClass&, CommandBuffer& command_buffer, MatrixDescriptor& descriptor) {
                      return temporary_matrix(command_buffer, descriptor);
                    })
      .class_method("prefetchStorageWithCommandBuffer:matrixDescriptorList:",
                    [](ObjcClass&, CommandBuffer& command_buffer, Array&) { command_buffer.can_encode(); })
      .method("readCount", [](TemporaryMatrix& self) { return self.read_count; })
      .method("setReadCount:", [](TemporaryMatrix& self, uint64_t count) {
        if (self.read_count == 0) {
          report(Rule::mps_read_count, &self, "its readCount is 0: its memory may be another's by now");
        } else {
          self.read_count = count;
        }
      });
}

void register_vectors() {
  ClassBuilder<VectorDescriptor>("MPSVectorDescriptor", root_class(), "C:MPSVectorDescriptor")
      .class_method("vectorDescriptorWithLength:dataType:",
                    [](ObjcClass&, uint64_t length, DataType type) {
                      return describe_vector(length, 1, length * element_bytes(type), type);
                    })
      .class_method("vectorDescriptorWithLength:vectors:vectorBytes:dataType:",
                    [](ObjcClass&, uint64_t length, uint64_t vectors, uint64_t vector_bytes, DataType type) {
                      return describe_vector(length, vectors, vector_bytes, type);
                    })
      .class_method("vectorBytesForLength:dataType:",
                    [](ObjcClass&, uint64_t length, DataType type) { return recommended_bytes(length, type); })
      .method("length", [](VectorDescriptor& self) { return self.shape.columns; })
      .method("setLength:", [](VectorDescriptor& self, uint64_t length) { self.shape.columns = length; })
      .method("vectors", [](VectorDescriptor& self) { return self.shape.matrices; })
      .method("dataType", [](VectorDescriptor& self) { return self.shape.type; })
      .method("setDataType:", [](VectorDescriptor& self, DataType type) { self.shape.type = type; })
      .method("vectorBytes", [](VectorDescriptor& self) { return self.shape.matrix_bytes; });

  ClassBuilder<Vector> vectors("MPSVector", root_class(), "C:MPSVector");
  define_storage(vectors);
  vectors
      .method("initWithBuffer:descriptor:",
              [](Vector& self, Buffer& buffer, VectorDescriptor& descriptor) {
                self.is_vector = true;
                return vector(init_with_buffer(self, buffer, 0, descriptor.shape));
              })
      .method(
          "initWithBuffer:offset:descriptor:",
          [](Vector& self, Buffer& buffer, uint64_t offset, VectorDescriptor& descriptor) {
            self.is_vector = true;
            return vector(init_with_buffer(self, buffer, offset, descriptor.shape));
          },
          MacOs{10, 15})
      .method("initWithDevice:descriptor:",
              [](Vector& self, Device& device, VectorDescriptor& descriptor) {
                self.is_vector = true;
                return vector(init_with_device(self, device, descriptor.shape));
              })
      .method("length", [](Vector& self) { return self.shape.columns; })
      .method("vectors", [](Vector& self) { return self.shape.matrices; })
      .method("vectorBytes", [](Vector& self) { return self.shape.matrix_bytes; });
}

}  // namespace metalhost::mps
