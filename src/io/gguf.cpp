#include "io/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/fail.h"
#include "base/file.h"
#include "io/extent.h"
#include "tensor/quant.h"

namespace temper::io {
namespace {

constexpr uint32_t kMaxGgufDims = 4;

// What the smallest entry takes: so many bytes a claimed entry must at least be there.
constexpr uint64_t kMinMetadataBytes = 8 + 4 + 1, kMinTensorInfoBytes = 8 + 4 + 4 + 8;

struct GgufTensorType {
  uint32_t id;
  std::string_view name;
  std::optional<StoredType> type;  // nullopt: known to exist, but temper doesn't read it
};

const GgufTensorType kGgufTensorTypes[] = {
    {0, "F32", DType::f32},        {1, "F16", DType::f16},        {2, "Q4_0", QuantType::q4_0},
    {3, "Q4_1", QuantType::q4_1},  {6, "Q5_0", QuantType::q5_0},  {7, "Q5_1", QuantType::q5_1},
    {8, "Q8_0", QuantType::q8_0},  {9, "Q8_1", std::nullopt},     {10, "Q2_K", QuantType::q2_k},
    {11, "Q3_K", QuantType::q3_k}, {12, "Q4_K", QuantType::q4_k}, {13, "Q5_K", QuantType::q5_k},
    {14, "Q6_K", QuantType::q6_k}, {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt},  {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt},  {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt},  {24, "I8", std::nullopt},      {25, "I16", std::nullopt},
    {26, "I32", DType::i32},       {27, "I64", DType::i64},       {28, "F64", DType::f64},
    {29, "IQ1_M", std::nullopt},   {30, "BF16", DType::bf16},     {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},   {39, "MXFP4", std::nullopt},
};

StoredType tensor_type_of(uint32_t id, const std::string& place) {
  for (const GgufTensorType& entry : kGgufTensorTypes) {
    if (entry.id != id) continue;
    if (entry.type) return *entry.type;
    fail(ErrorCode::unsupported,
         "{}: element type {} is not implemented; F32 F16 BF16 F64 I32 I64 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 and Q2_K to Q6_K "
         "are",
         place, entry.name);
  }
  fail(ErrorCode::format, "{}: {} is not an element type", place, id);
}

/// The bytes that a tensor's shape and type take.
uint64_t checked_bytes(const StoredTensor& tensor, const std::string& place) {
  const auto elements = checked_product(tensor.shape);
  uint64_t bytes = 0;
  if (!elements || __builtin_mul_overflow(static_cast<uint64_t>(*elements), uint64_t{8}, &bytes))
    fail(ErrorCode::format, "{}: shape [{}] overflows 64 bits", place, fmt::join(tensor.shape, ", "));
  if (const auto* dtype = std::get_if<DType>(&tensor.type)) return static_cast<uint64_t>(*elements) * size_of(*dtype);
  const auto quantized = std::get<QuantType>(tensor.type);
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % block_size(quantized).elements != 0)
    fail(ErrorCode::format, "{}: rows of {} elements are not whole {} blocks of {}", place, row,
         temper::name_of(quantized), block_size(quantized).elements);
  return stored_bytes(quantized, *elements);
}

/// Bytes of one element; of a string, the length in front of it.
uint64_t min_bytes_of(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
    case GgufType::string:
      return 8;
    case GgufType::array:
      break;
  }
  fail(ErrorCode::internal, "gguf: type {} has no size", name_of(type));
}

}  // namespace

/// Reads forward through the file; every read is checked against what is left.
class GgufFile::Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  std::span<const std::byte> take(uint64_t count, std::string_view what) {
    if (count > left())
      fail(ErrorCode::format,
           "gguf: {}: {} at offset {} takes {} bytes, but only {} are left; the download is incomplete?", where_, what,
           position_, count, left());
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  T number(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string_view string(std::string_view what) {
    const auto taken = take(number<uint64_t>(what), what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  /// A key or a tensor's name: printable ASCII.
  std::string name(std::string_view what) {
    const std::string_view text = string(what);
    if (text.empty() || !std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; }))
      fail(ErrorCode::format, "gguf: {}: {} of {} bytes before offset {} is empty or not printable ASCII", where_, what,
           text.size(), position_);
    return std::string(text);
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& where_;
  uint64_t position_ = 0;
};

GgufFile::GgufFile(const std::filesystem::path& path) : where_(path.string()) {
  auto map = std::make_shared<const MappedFile>(path);
  owner_ = map;
  parse(map->bytes());
  for (StoredTensor& tensor : tensors_) tensor.mapped = true;
}

GgufFile::GgufFile(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string where)
    : where_(std::move(where)), owner_(std::move(owner)) {
  parse(bytes);
}

void GgufFile::parse(std::span<const std::byte> bytes) {
  Reader reader(bytes, where_);
  const auto magic = reader.take(4, "the magic");
  if (std::memcmp(magic.data(), "GGUF", 4) != 0)
    fail(ErrorCode::format, "gguf: {}: the file does not start with 'GGUF'; not a GGUF file?", where_);
  version_ = reader.number<uint32_t>("the version");
  if (version_ == 0x02000000u || version_ == 0x03000000u)
    fail(ErrorCode::unsupported, "gguf: {}: a big-endian file; convert it to little-endian", where_);
  if (version_ != 2 && version_ != 3)
    fail(ErrorCode::unsupported, "gguf: {}: version {}; versions 2 and 3 are read", where_, version_);
  const auto tensor_count = reader.number<uint64_t>("the tensor count");
  const auto metadata_count = reader.number<uint64_t>("the metadata count");
  if (metadata_count > reader.left() / kMinMetadataBytes)
    fail(ErrorCode::format, "gguf: {}: {} metadata entries don't fit {} bytes; the download is incomplete?", where_,
         metadata_count, reader.left());
  read_metadata(reader, metadata_count);
  read_alignment();
  if (tensor_count > reader.left() / kMinTensorInfoBytes)
    fail(ErrorCode::format, "gguf: {}: {} tensor descriptions don't fit {} bytes; the download is incomplete?", where_,
         tensor_count, reader.left());
  const std::vector<uint64_t> offsets = read_descriptions(reader, tensor_count);
  const uint64_t data_start = (reader.position() + alignment_ - 1) / alignment_ * alignment_;
  place_tensors(offsets, bytes, data_start);
}

void GgufFile::read_metadata(Reader& reader, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const std::string key = reader.name("a metadata key");
    const std::string what = fmt::format("metadata '{}'", key);
    const auto type_of = [&] {
      const auto id = reader.number<uint32_t>(what);
      if (id > static_cast<uint32_t>(GgufType::f64))
        fail(ErrorCode::format, "gguf: {}: metadata '{}': {} is not a value type", where_, key, id);
      return static_cast<GgufType>(id);
    };
    Value value;
    value.type = type_of();
    if (value.type == GgufType::array) {
      value.is_array = true;
      value.type = type_of();
      value.count = reader.number<uint64_t>(what);
      if (value.type == GgufType::array)
        fail(ErrorCode::unsupported, "gguf: {}: metadata '{}' is an array of arrays", where_, key);
    }
    const uint64_t element_bytes = min_bytes_of(value.type);
    if (value.count > reader.left() / element_bytes)
      fail(ErrorCode::format,
           "gguf: {}: metadata '{}': {} elements of {} don't fit the {} bytes left in the file; the "
           "download is incomplete?",
           where_, key, value.count, name_of(value.type), reader.left());
    if (value.type == GgufType::string) {
      Reader strings = reader;
      for (uint64_t k = 0; k < value.count; ++k) (void)strings.string(what);
      value.bytes = reader.take(strings.position() - reader.position(), what);
    } else {
      value.bytes = reader.take(value.count * element_bytes, what);
    }
    if (value.type == GgufType::boolean &&
        std::ranges::any_of(value.bytes, [](std::byte b) { return std::to_integer<int>(b) > 1; }))
      fail(ErrorCode::format, "gguf: {}: metadata '{}': a bool is neither 0 nor 1", where_, key);
    if (!values_.emplace(key, value).second)
      fail(ErrorCode::format, "gguf: {}: duplicate metadata key '{}'", where_, key);
    keys_.push_back(key);
  }
}

void GgufFile::read_alignment() {
  const auto alignment = get<int64_t>("general.alignment");
  if (!alignment) return;
  if (*alignment <= 0 || *alignment > (int64_t{1} << 30) || !std::has_single_bit(static_cast<uint64_t>(*alignment)))
    fail(ErrorCode::format, "gguf: {}: general.alignment is {}, a power of two is expected", where_, *alignment);
  alignment_ = static_cast<uint32_t>(*alignment);
}

std::vector<uint64_t> GgufFile::read_descriptions(Reader& reader, uint64_t count) {
  std::vector<uint64_t> offsets;
  for (uint64_t i = 0; i < count; ++i) {
    StoredTensor tensor;
    tensor.name = reader.name("a tensor name");
    tensor.owner = owner_;
    const std::string what = fmt::format("tensor '{}'", tensor.name);
    const std::string place = fmt::format("gguf: {}: {}", where_, what);
    const auto dims = reader.number<uint32_t>(what);
    if (dims > kMaxGgufDims) fail(ErrorCode::format, "{}: {} dimensions are more than {}", place, dims, kMaxGgufDims);
    for (uint32_t k = 0; k < dims; ++k) {
      const auto extent = reader.number<uint64_t>(what);
      if (extent > INT64_MAX) fail(ErrorCode::format, "{}: extent {} overflows", place, extent);
      tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(extent));
    }
    tensor.type = tensor_type_of(reader.number<uint32_t>(what), place);
    offsets.push_back(reader.number<uint64_t>(what));
    if (!index_.emplace(tensor.name, tensors_.size()).second)
      fail(ErrorCode::format, "gguf: {}: duplicate tensor name '{}'", where_, tensor.name);
    tensors_.push_back(std::move(tensor));
  }
  return offsets;
}

void GgufFile::place_tensors(std::span<const uint64_t> offsets, std::span<const std::byte> bytes, uint64_t data_start) {
  std::vector<const StoredTensor*> by_offset;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    StoredTensor& tensor = tensors_[i];
    const std::string place = fmt::format("gguf: {}: tensor '{}'", where_, tensor.name);
    const uint64_t size = checked_bytes(tensor, place);
    if (offsets[i] % alignment_ != 0)
      fail(ErrorCode::format, "{}: offset {} is not a multiple of the alignment {}", place, offsets[i], alignment_);
    uint64_t begin = 0, end = 0;
    if (__builtin_add_overflow(data_start, offsets[i], &begin) || __builtin_add_overflow(begin, size, &end) ||
        end > bytes.size())
      fail(ErrorCode::format,
           "{}: {} bytes at offset {} lie past the end of the file ({}); the download is incomplete?", place, size,
           data_start + offsets[i], bytes.size());
    tensor.bytes = bytes.subspan(begin, size);
    by_offset.push_back(&tensor);
  }
  std::ranges::sort(by_offset, [](const StoredTensor* a, const StoredTensor* b) {
    return std::pair(a->bytes.data(), a->bytes.size()) < std::pair(b->bytes.data(), b->bytes.size());
  });
  for (size_t i = 1; i < by_offset.size(); ++i)
    if (by_offset[i - 1]->bytes.data() + by_offset[i - 1]->bytes.size() > by_offset[i]->bytes.data())
      fail(ErrorCode::format, "gguf: {}: tensor '{}' overlaps tensor '{}'", where_, by_offset[i]->name,
           by_offset[i - 1]->name);
}

const StoredTensor* GgufFile::find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

const StoredTensor& GgufFile::at(std::string_view name) const {
  if (const StoredTensor* tensor = find(name)) return *tensor;
  fail(ErrorCode::not_found, "gguf: {}: no tensor '{}'", where_, name);
}

}  // namespace temper::io
