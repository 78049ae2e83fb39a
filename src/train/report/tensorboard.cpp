#include "train/report/tensorboard.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <limits>
#include <system_error>

#include "base/fail.h"

namespace temper::train {
namespace fs = std::filesystem;
namespace {

constexpr std::array<uint32_t, 256> make_crc32c_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrc32cTable = make_crc32c_table();

// TFRecord stores rotated CRCs, so that a CRC over data that holds CRCs stays a good check.
uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

void put_little_endian(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

// The protobuf wire format: a key (field number and wire type) before each value.
enum class Wire : uint32_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
}

void put_key(std::string& out, uint32_t field, Wire wire) {
  put_varint(out, (field << 3) | static_cast<uint32_t>(wire));
}

void put_message(std::string& out, uint32_t field, std::string_view bytes) {
  put_key(out, field, Wire::length_delimited);
  put_varint(out, bytes.size());
  out.append(bytes);
}

// Field numbers of tensorflow.Event, Summary and SessionLog (tensorflow/core/util/event.proto,
// framework/summary.proto).
namespace field {
constexpr uint32_t event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5,
                   event_session_log = 7;
constexpr uint32_t summary_value = 1, value_tag = 1, value_simple_value = 2;
constexpr uint32_t session_log_status = 1;
}  // namespace field

double unix_time_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string event(int64_t step) {
  std::string out;
  put_key(out, field::event_wall_time, Wire::fixed64);
  put_little_endian(out, std::bit_cast<uint64_t>(unix_time_s()), 8);
  if (step != 0) {
    put_key(out, field::event_step, Wire::varint);
    put_varint(out, static_cast<uint64_t>(step));
  }
  return out;
}

void put_scalar(std::string& summary, std::string_view tag, double value) {
  // A double beyond the range of float is infinite, not undefined.
  constexpr double limit = std::numeric_limits<float>::max();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float single = value > limit ? infinity : value < -limit ? -infinity : static_cast<float>(value);
  std::string scalar;
  put_message(scalar, field::value_tag, tag);
  put_key(scalar, field::value_simple_value, Wire::fixed32);
  put_little_endian(scalar, std::bit_cast<uint32_t>(single), 4);
  put_message(summary, field::summary_value, scalar);
}

std::string summary_record(int64_t step, std::string_view summary) {
  std::string out = event(step);
  put_message(out, field::event_summary, summary);
  return tfrecord(out);
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "host";
  std::string text = name;
  for (char& c : text)
    if (c == '/') c = '_';
  return text;
}

/// Two runs of one process within a second get a number, since neither may overwrite the other.
std::unique_ptr<AppendFile> create_event_file(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorCode::io, "{}: cannot create the folder: {}", folder.string(), error.message());
  const std::string name =
      fmt::format("events.out.tfevents.{}.{}.{}", static_cast<int64_t>(unix_time_s()), host_name(), ::getpid());
  fs::path path = folder / name;
  for (int i = 1; fs::exists(path, error); ++i) path = folder / fmt::format("{}.{}", name, i);
  return std::make_unique<AppendFile>(path, AppendFile::Open::exclusive);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ kCrc32cTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

std::string tfrecord(std::string_view payload) {
  std::string out;
  put_little_endian(out, payload.size(), 8);
  put_little_endian(out, masked_crc32c(out), 4);
  out.append(payload);
  put_little_endian(out, masked_crc32c(payload), 4);
  return out;
}

TensorBoardWriter::TensorBoardWriter(const fs::path& folder, int64_t resumed_step) : file_(create_event_file(folder)) {
  std::string version = event(0);
  put_message(version, field::event_file_version, "brain.Event:2");
  file_->append(tfrecord(version));
  if (resumed_step < 0) return;
  std::string start;
  constexpr uint64_t session_start = 1;
  put_key(start, field::session_log_status, Wire::varint);
  put_varint(start, session_start);
  std::string session = event(resumed_step + 1);
  put_message(session, field::event_session_log, start);
  file_->append(tfrecord(session));
}

void TensorBoardWriter::write(const StepMetrics& metrics) {
  std::string summary;
  put_scalar(summary, "train/loss", metrics.loss);
  put_scalar(summary, "train/lr", metrics.lr);
  put_scalar(summary, "train/grad_norm", metrics.grad_norm);
  put_scalar(summary, "train/tokens_per_second", metrics.tokens_per_s);
  file_->append(summary_record(metrics.step, summary));
}

void TensorBoardWriter::write(const EvalMetrics& metrics) {
  std::string summary;
  put_scalar(summary, "valid/loss", metrics.loss);
  put_scalar(summary, "valid/perplexity", metrics.perplexity);
  file_->append(summary_record(metrics.step, summary));
}

void TensorBoardWriter::scalar(std::string_view tag, double value, int64_t step) {
  std::string summary;
  put_scalar(summary, tag, value);
  file_->append(summary_record(step, summary));
}

}  // namespace temper::train
