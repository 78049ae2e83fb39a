#include "train/report/tensorboard.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include "base/fail.h"
#include "base/file.h"
#include "test_folder.h"

namespace temper::train {
namespace {

using testing::TestFolder;

template <class T>
T read_little_endian(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);  // the tests run on little-endian machines
  return value;
}

/// The payloads of a TFRecord file; checks both CRCs by undoing the mask.
std::vector<std::string> records_of(std::string_view bytes) {
  const auto unmasked = [](uint32_t masked) {
    const uint32_t rotated = masked - 0xa282ead8u;
    return (rotated >> 17) | (rotated << 15);
  };
  std::vector<std::string> records;
  while (!bytes.empty()) {
    const auto length = read_little_endian<uint64_t>(bytes);
    EXPECT_EQ(unmasked(read_little_endian<uint32_t>(bytes.substr(8))), crc32c(bytes.substr(0, 8)));
    const std::string_view payload = bytes.substr(12, length);
    EXPECT_EQ(unmasked(read_little_endian<uint32_t>(bytes.substr(12 + length))), crc32c(payload));
    records.emplace_back(payload);
    bytes.remove_prefix(16 + length);
  }
  return records;
}

/// Fields of one protobuf message: number -> raw values (varints as decimal text).
std::multimap<uint32_t, std::string> fields_of(std::string_view bytes) {
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes.at(0));
      bytes.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  const auto take = [&](size_t n) {
    std::string value(bytes.substr(0, n));
    bytes.remove_prefix(n);
    return value;
  };
  std::multimap<uint32_t, std::string> fields;
  while (!bytes.empty()) {
    const uint64_t key = varint();
    const auto number = static_cast<uint32_t>(key >> 3);
    switch (key & 7) {
      case 0:
        fields.emplace(number, std::to_string(varint()));
        break;
      case 1:
        fields.emplace(number, take(8));
        break;
      case 2:
        fields.emplace(number, take(varint()));
        break;
      case 5:
        fields.emplace(number, take(4));
        break;
      default:
        ADD_FAILURE() << "wire type " << (key & 7);
        return fields;
    }
  }
  return fields;
}

std::string one(const std::multimap<uint32_t, std::string>& fields, uint32_t number) {
  EXPECT_EQ(fields.count(number), 1u) << "field " << number;
  const auto it = fields.find(number);
  return it == fields.end() ? "" : it->second;
}

std::map<std::string, float> scalars_of(std::string_view event) {
  std::map<std::string, float> scalars;
  const auto summary = fields_of(one(fields_of(event), 5));
  for (const auto& [number, bytes] : summary) {
    const auto value = fields_of(bytes);
    scalars[one(value, 1)] = read_little_endian<float>(one(value, 2));
  }
  return scalars;
}

TEST(TensorBoard, Crc32cMatchesKnownVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(TensorBoard, RecordFramingMatchesAFileOfTensorFlow) {
  // Event files of TensorFlow begin 18 00 00 00 00 00 00 00 a3 7f 4b 22: a version record of 24 bytes.
  const std::string record = tfrecord(std::string(24, 'x'));
  ASSERT_EQ(record.size(), 8u + 4 + 24 + 4);
  EXPECT_EQ(read_little_endian<uint64_t>(record), 24u);
  EXPECT_EQ(read_little_endian<uint32_t>(std::string_view(record).substr(8)), 0x224b7fa3u);
}

TEST(TensorBoard, FileIsNamedAsTensorBoardLooksForIt) {
  TestFolder folder;
  TensorBoardWriter writer(folder / "tb");
  const std::string name = writer.path().filename().string();
  EXPECT_EQ(name.rfind("events.out.tfevents.", 0), 0u) << name;
  EXPECT_EQ(writer.path().parent_path(), folder / "tb");
  EXPECT_NE(name.find("." + std::to_string(::getpid())), std::string::npos) << name;
}

TEST(TensorBoard, FirstRecordIsTheFileVersion) {
  TestFolder folder;
  TensorBoardWriter writer(folder.path());
  const auto records = records_of(read_file(writer.path()));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(one(fields_of(records[0]), 3), "brain.Event:2");
  const auto wall_time = read_little_endian<double>(one(fields_of(records[0]), 1));
  EXPECT_GT(wall_time, 1.6e9);
  EXPECT_LT(wall_time, 1e10);
}

TEST(TensorBoard, StepsAndEvaluationsBecomeScalars) {
  TestFolder folder;
  TensorBoardWriter writer(folder.path());
  writer.write(StepMetrics{.step = 300, .loss = 1.25, .lr = 1e-4, .grad_norm = 0.5, .tokens_per_s = 412});
  writer.write(EvalMetrics{.step = 300, .loss = 0.75, .perplexity = 2.117});
  writer.scalar("valid/accuracy", 0.9, 301);
  const auto records = records_of(read_file(writer.path()));
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(one(fields_of(records[1]), 2), "300");
  EXPECT_EQ(
      scalars_of(records[1]),
      (std::map<std::string, float>{
          {"train/loss", 1.25f}, {"train/lr", 1e-4f}, {"train/grad_norm", 0.5f}, {"train/tokens_per_second", 412}}));
  EXPECT_EQ(scalars_of(records[2]),
            (std::map<std::string, float>{{"valid/loss", 0.75f}, {"valid/perplexity", 2.117f}}));
  EXPECT_EQ(one(fields_of(records[3]), 2), "301");
  EXPECT_EQ(scalars_of(records[3]), (std::map<std::string, float>{{"valid/accuracy", 0.9f}}));
}

TEST(TensorBoard, ValuesBeyondFloatAreInfinite) {
  TestFolder folder;
  TensorBoardWriter writer(folder.path());
  writer.scalar("x", 1e300, 1);
  writer.scalar("x", std::numeric_limits<double>::quiet_NaN(), 2);
  const auto records = records_of(read_file(writer.path()));
  EXPECT_EQ(scalars_of(records.at(1)).at("x"), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(scalars_of(records.at(2)).at("x")));
}

TEST(TensorBoard, AResumedRunStartsASessionAtItsFirstStep) {
  TestFolder folder;
  TensorBoardWriter before(folder.path());
  TensorBoardWriter after(folder.path(), /*resumed_step=*/40);
  EXPECT_NE(before.path(), after.path());
  const auto records = records_of(read_file(after.path()));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(one(fields_of(records[1]), 2), "41");
  EXPECT_EQ(one(fields_of(one(fields_of(records[1]), 7)), 1), "1");
}

TEST(TensorBoard, AFolderThatCannotBeMadeIsAnError) {
  TestFolder folder;
  testing::write_text(folder / "file", "");
  EXPECT_THROW(TensorBoardWriter(folder / "file/tb"), Error);
}

}  // namespace
}  // namespace temper::train
