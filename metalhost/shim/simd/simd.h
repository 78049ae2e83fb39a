// The vector types of Apple's <simd/simd.h> under both of their names; none of its functions.
#pragma once

#define METALHOST_SIMD_TYPES(type, name)                                                 \
  typedef __attribute__((__ext_vector_type__(2))) type vector_##name##2, simd_##name##2; \
  typedef __attribute__((__ext_vector_type__(3))) type vector_##name##3, simd_##name##3; \
  typedef __attribute__((__ext_vector_type__(4))) type vector_##name##4, simd_##name##4; \
  typedef __attribute__((__ext_vector_type__(8))) type vector_##name##8, simd_##name##8; \
  typedef __attribute__((__ext_vector_type__(16))) type vector_##name##16, simd_##name##16;
METALHOST_SIMD_TYPES(signed char, char)
METALHOST_SIMD_TYPES(unsigned char, uchar)
METALHOST_SIMD_TYPES(short, short)
METALHOST_SIMD_TYPES(unsigned short, ushort)
METALHOST_SIMD_TYPES(int, int)
METALHOST_SIMD_TYPES(unsigned int, uint)
METALHOST_SIMD_TYPES(float, float)
#undef METALHOST_SIMD_TYPES
