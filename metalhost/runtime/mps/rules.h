// The contracts of Metal Performance Shaders' matrix classes; a part of METALHOST_RULES.
#pragma once

#define METALHOST_MPS_RULES(X)                                                                                     \
  X(mps_row_bytes, "rowBytes is a multiple of the element size and holds a row")                                   \
  X(mps_matrix_bytes, "matrixBytes is a multiple of rowBytes and holds a matrix")                                  \
  X(mps_vector_bytes, "vectorBytes is a multiple of the element size and holds a vector")                          \
  X(mps_empty, "matrices, vectors and operations have at least one element")                                       \
  X(mps_past_buffer, "a matrix or vector lies inside its buffer")                                                  \
  X(mps_offset, "an offset into a buffer is a multiple of the element size (of 16 bytes for copy offsets)")        \
  X(mps_too_large, "a matrix with storage of its own is no longer than maxBufferLength, and sizes fit in 31 bits") \
  X(mps_data_type, "operands have data types that the kernel takes")                                               \
  X(mps_dimensions, "operands hold what a kernel reads or writes, from their origins on")                          \
  X(mps_origin, "an origin has z = 0, and for a vector y = 0")                                                     \
  X(mps_batch, "the batch lies inside every operand")                                                              \
  X(mps_overlap, "a kernel's result shares no bytes with what it reads")                                           \
  X(mps_top_k, "a kernel finds between 1 and 16 largest values, no more than there are")                           \
  X(mps_sum_sources, "a sum is given as many sources, scales and offsets as it has")                               \
  X(mps_neuron, "a sum's activation has the same parameters for every column")                                     \
  X(mps_copy_operations, "every copy operation of a descriptor is set, and lies inside it")                        \
  X(mps_permutation, "permutation indices lie inside the destination")                                             \
  X(mps_temporary, "a temporary matrix is used with its own command buffer, before that is committed")             \
  X(mps_read_count, "a temporary matrix is read as often as its readCount says")                                   \
  X(mps_bf16_product, "defect: a product of bfloat16 matrices aborts; convert, or use a kernel of your own")       \
  X(mps_nan_bands, "defect (M1, M2): (M + 2K) N element size stays under 2^31, or rows of NaN appear; tile N")     \
  X(mps_long_k, "defect (M1, M2): K stays under 32,767 where both result sides reach 16; split K")
