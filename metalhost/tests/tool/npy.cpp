// The reader of .npy files: what it reads, and how it refuses.
#include "tool/npy.h"

#include <gtest/gtest.h>

#include <cstring>

namespace {

using namespace metalhost::tool;

std::vector<std::byte> file_of(const std::string& dictionary, const std::string& data, int major = 1) {
  std::string text = "\x93NUMPY";
  text += static_cast<char>(major);
  text += '\0';
  text += static_cast<char>(dictionary.size());
  text += '\0';
  if (major > 1) text += std::string(2, '\0');
  text += dictionary + data;
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::string refusal(const std::vector<std::byte>& file) {
  try {
    (void)read_npy(file, "a.npy");
  } catch (const NpyError& error) {
    return error.what();
  }
  return "";
}

TEST(Npy, ReadsWhatItWrites) {
  for (const std::vector<uint64_t>& shape : {std::vector<uint64_t>{}, {3}, {2, 3}, {0, 5}}) {
    Array array{ElementType::u16, shape, {}};
    array.bytes.resize(element_count(shape) * 2, std::byte{7});
    const std::vector<std::byte> file = write_npy(array);
    EXPECT_EQ((file.size() - array.bytes.size()) % 64, 0u);
    const Array read = read_npy(file, "a.npy");
    EXPECT_EQ(read.type, array.type);
    EXPECT_EQ(read.shape, array.shape);
    EXPECT_EQ(read.bytes, array.bytes);
  }
}

TEST(Npy, ReadsVersionsOneToThree) {
  for (int major : {1, 2, 3}) {
    const auto file = file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "abcd", major);
    EXPECT_EQ(read_npy(file, "a.npy").description(), "f32 [1]");
  }
}

TEST(Npy, RefusesWithTheReason) {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}";
  const std::pair<std::vector<std::byte>, const char*> cases[] = {
      {{}, "is not a .npy file"},
      {file_of(good, "abcd", 4), "version 4.0"},
      {file_of(good, "abc"), "needs 4 bytes of data; 3 are there"},
      {file_of(good, "abcde"), "needs 4 bytes of data; 5 are there"},
      {file_of("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", "abcdefgh"), "no double"},
      {file_of("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "abcd"), "big-endian"},
      {file_of("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}", std::string(16, 'a')), "Fortran order"},
      {file_of("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd"), "records"},
      {file_of("{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}", "\x02"), "neither 0 nor 1"},
      {file_of("{'descr': '<f4', 'shape': (1,)}", "abcd"), "lacks"},
      {file_of("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "abcd"), "too many"},
      {file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999)}", ""),
       "too many elements"},
      {file_of("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", ""), "a number is expected"},
  };
  for (const auto& [file, reason] : cases) EXPECT_NE(refusal(file).find(reason), std::string::npos) << refusal(file);
  std::vector<std::byte> cut = file_of(good, "");
  cut.resize(20);
  EXPECT_NE(refusal(cut).find("past the end of the file"), std::string::npos);
}

}  // namespace
