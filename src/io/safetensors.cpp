#include "io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "io/extent.h"
#include "io/printable.h"
#include "io/safetensors_dtypes.h"

namespace temper::io {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit

DType dtype_of(const std::string& name, const std::string& place) {
  for (const SafetensorsDType& entry : kSafetensorsDTypes)
    if (entry.name == name) return entry.dtype;
  fail(ErrorCode::unsupported, "{}: element type '{}' is not one of F32 F16 BF16 F64 I32 I64 U8 BOOL", place,
       printable(name));
}

/// JSON objects may repeat a key and the JSON library keeps the last: two readers could see two different tensors.
void refuse_repeated_keys(std::string_view header, const std::string& where) {
  std::vector<std::set<std::string>> seen;
  const auto callback = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) seen.emplace_back();
    if (event == Json::parse_event_t::object_end) seen.pop_back();
    if (event == Json::parse_event_t::key && !seen.back().insert(parsed.get<std::string>()).second)
      fail(ErrorCode::format, "safetensors: {}: duplicate name '{}' in the header", where,
           printable(parsed.get<std::string>()));
    return true;
  };
  [[maybe_unused]] const Json unused = Json::parse(header, callback);
}

int64_t non_negative(const Json& value, const std::string& place, std::string_view what) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > INT64_MAX)
    fail(ErrorCode::format, "{}: {} holds {}, a non-negative integer is expected", place, what,
         printable(value.dump()));
  return value.get<int64_t>();
}

/// One entry of the header, checked against itself and the bytes that follow the header.
StoredTensor parse_entry(const std::string& name, const Json& entry, std::span<const std::byte> data,
                         const std::string& where) {
  const std::string place = fmt::format("safetensors: {}: tensor '{}'", where, printable(name));
  if (!entry.is_object()) fail(ErrorCode::format, "{}: the header entry is not an object", place);
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!entry.contains(key)) fail(ErrorCode::format, "{}: '{}' is missing", place, key);
  if (!entry["dtype"].is_string()) fail(ErrorCode::format, "{}: 'dtype' is not a string", place);
  if (!entry["shape"].is_array()) fail(ErrorCode::format, "{}: 'shape' is not a list", place);
  if (!entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2)
    fail(ErrorCode::format, "{}: 'data_offsets' is not a list of two", place);

  StoredTensor tensor;
  tensor.name = name;
  const DType dtype = dtype_of(entry["dtype"].get<std::string>(), place);
  tensor.type = dtype;
  for (const Json& extent : entry["shape"]) tensor.shape.push_back(non_negative(extent, place, "'shape'"));
  const auto elements = checked_product(tensor.shape);
  uint64_t expected = 0;
  if (!elements || __builtin_mul_overflow(static_cast<uint64_t>(*elements), size_of(dtype), &expected))
    fail(ErrorCode::format, "{}: shape [{}] overflows 64 bits", place, fmt::join(tensor.shape, ", "));

  const auto begin = static_cast<uint64_t>(non_negative(entry["data_offsets"][0], place, "'data_offsets'"));
  const auto end = static_cast<uint64_t>(non_negative(entry["data_offsets"][1], place, "'data_offsets'"));
  if (begin > end) fail(ErrorCode::format, "{}: ends at {} before it begins at {}", place, end, begin);
  if (end > data.size())
    fail(ErrorCode::format, "{}: bytes {} to {} lie past the end of the data ({} bytes); the download is incomplete?",
         place, begin, end, data.size());
  if (end - begin != expected)
    fail(ErrorCode::format, "{}: shape [{}] of {} takes {} bytes, but the file gives it {}", place,
         fmt::join(tensor.shape, ", "), safetensors_name_of(dtype), expected, end - begin);
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

void refuse_overlaps_and_holes(const std::vector<StoredTensor>& by_offset, std::span<const std::byte> data,
                               const std::string& where) {
  const std::byte* position = data.data();
  for (const StoredTensor& tensor : by_offset) {
    if (tensor.bytes.data() < position)
      fail(ErrorCode::format, "safetensors: {}: tensor '{}' overlaps the tensor before it", where,
           printable(tensor.name));
    if (tensor.bytes.data() > position)
      fail(ErrorCode::format, "safetensors: {}: a hole of {} bytes before tensor '{}'; every byte must be a tensor's",
           where, tensor.bytes.data() - position, printable(tensor.name));
    position += tensor.bytes.size();
  }
  if (const auto left = data.data() + data.size() - position; left != 0)
    fail(ErrorCode::format, "safetensors: {}: {} bytes after the last tensor belong to none", where, left);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : where_(path.string()) {
  auto map = std::make_shared<const MappedFile>(path);
  parse(map->bytes(), map);
  for (StoredTensor& tensor : tensors_) tensor.mapped = true;
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                                 std::string where)
    : where_(std::move(where)) {
  parse(bytes, owner);
}

void SafetensorsFile::parse(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes)
    fail(ErrorCode::format, "safetensors: {}: {} bytes are too few for a header; the download is incomplete?", where_,
         bytes.size());
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  const auto after_length = bytes.subspan(sizeof header_bytes);
  if (header_bytes > kMaxHeaderBytes)
    fail(ErrorCode::format, "safetensors: {}: a header of {} bytes, more than {}; not a safetensors file?", where_,
         header_bytes, kMaxHeaderBytes);
  if (header_bytes > after_length.size())
    fail(ErrorCode::format, "safetensors: {}: a header of {} bytes in a file of {}; the download is incomplete?",
         where_, header_bytes, bytes.size());
  const std::string_view text(reinterpret_cast<const char*>(after_length.data()), header_bytes);
  const auto data = after_length.subspan(header_bytes);
  if (text.empty() || text.front() != '{')
    fail(ErrorCode::format, "safetensors: {}: the header does not start with '{{'; not a safetensors file?", where_);

  const Json header = parse_json(text, fmt::format("safetensors: {}: header", where_), 8);
  refuse_repeated_keys(text, where_);
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      tensors_.push_back(parse_entry(name, entry, data, where_));
      tensors_.back().owner = owner;
      continue;
    }
    if (!entry.is_object()) fail(ErrorCode::format, "safetensors: {}: '__metadata__' is not an object", where_);
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string())
        fail(ErrorCode::format, "safetensors: {}: metadata '{}' is not a string", where_, printable(key));
      metadata_[key] = value.get<std::string>();
    }
  }
  // An empty tensor shares its offset with the one after it, so it must come first.
  std::ranges::sort(tensors_, [](const StoredTensor& a, const StoredTensor& b) {
    return std::tuple(a.bytes.data(), a.bytes.size(), std::string_view(a.name)) <
           std::tuple(b.bytes.data(), b.bytes.size(), std::string_view(b.name));
  });
  refuse_overlaps_and_holes(tensors_, data, where_);
  for (size_t i = 0; i < tensors_.size(); ++i) index_[tensors_[i].name] = i;
}

const StoredTensor* SafetensorsFile::find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

const StoredTensor& SafetensorsFile::at(std::string_view name) const {
  if (const StoredTensor* tensor = find(name)) return *tensor;
  fail(ErrorCode::not_found, "safetensors: {}: no tensor '{}'", where_, printable(name));
}

}  // namespace temper::io
