#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "device/backend.h"
#include "device/context.h"
#include "device/transfer.h"

namespace temper::testing {

/// One Metal backend for all tests of a program, as in temper itself.
inline const std::shared_ptr<Backend>& metal_backend() {
  static const std::shared_ptr<Backend> backend = open_backend({DeviceType::metal, 0}, {.threads = 2});
  return backend;
}

/// Numbers of [-1, 1) that a seed determines; multiples of 1/64, so f16 holds them exactly.
inline std::vector<float> numbers(size_t count, unsigned seed) {
  std::minstd_rand random(seed + 1);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 128) - 64) / 64.0f;
  return values;
}

/// What `work` throws: its text; empty when it throws nothing.
template <class Work>
std::string error_of(ErrorCode expected, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected) << error.what();
    return error.what();
  }
  return "";
}

}  // namespace temper::testing
