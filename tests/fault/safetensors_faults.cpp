#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fault/malformed.h"
#include "io/safetensors.h"
#include "unit/io/format_builders.h"

namespace temper::test {
namespace {

void read_safetensors(const std::string& bytes) {
  const io::SafetensorsFile file(std::as_bytes(std::span(bytes)), nullptr, "bad.safetensors");
  for (const io::StoredTensor& tensor : file.tensors()) (void)io::to_f32(tensor);
}

const std::string kData(16, '\1');
const std::string kTwo = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                         R"("b":{"dtype":"BF16","shape":[2,2],"data_offsets":[8,16]}})";

/// A file of one tensor 'a' with this header entry and 16 bytes of data.
std::string one(const std::string& entry) {
  return safetensors_bytes("{\"a\":" + entry + "}", kData);
}
std::string shaped(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return one(R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}");
}

std::vector<Malformed> headers() {
  const auto header = [](std::string_view text) { return safetensors_bytes(text, kData); };
  std::string deep = R"({"a":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  return {
      {"empty file", "too few", ""},
      {"seven bytes", "too few", std::string(7, '\0')},
      {"length only", "does not start", le(uint64_t{0})},
      {"zero length header", "does not start", header("")},
      {"header longer than the file", "incomplete", le(uint64_t{1000}) + "{}"},
      {"header length over the limit", "100000000", le(uint64_t{100000001}) + "{}"},
      {"header length wraps", "header of 18446744073709551615", le(UINT64_MAX) + "{}"},
      {"header length wraps to eight less", "not a safetensors", le(UINT64_MAX - 7) + "{}"},
      {"a zip file", "not a safetensors", std::string("PK\3\4") + std::string(60, 'x')},
      {"an HTML page", "not a safetensors", "<!DOCTYPE html><html><body>404</body></html>"},
      {"a git-lfs pointer", "not a safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"},
      {"header not JSON", "malformed JSON", header("{nonsense}")},
      {"header cut", "malformed JSON", header(R"({"a":{"dtype":"F32")")},
      {"header is a list", "does not start", header("[]")},
      {"header starts with a space", "does not start", header(" {}")},
      {"text after the header's object", "malformed JSON", header("{}{}")},
      {"NUL after the header", "malformed JSON", header(std::string_view("{}\0", 3))},
      {"header not UTF-8", "malformed JSON", header("{\"a\xff\":{}}")},
      {"overlong UTF-8", "malformed JSON", header("{\"a\xc0\x80\":{}}")},
      {"header nested 1000 deep", "nested deeper", header(deep)},
      {"comment in the header", "malformed JSON", header("{/**/}")},
      {"trailing comma", "malformed JSON", header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},})")},
      {"NaN offset", "malformed JSON", shaped("\"F32\"", "[4]", "[NaN,16]")},
      {"metadata is a string", "__metadata__", header(R"({"__metadata__":"x"})")},
      {"metadata is a list", "__metadata__", header(R"({"__metadata__":["x"]})")},
      {"metadata value is a number", "'k' is not a string", header(R"({"__metadata__":{"k":1}})")},
      {"metadata value is an object", "'k' is not a string", header(R"({"__metadata__":{"k":{}}})")},
      {"duplicate metadata key", "duplicate", header(R"({"__metadata__":{"k":"1","k":"2"}})")},
      {"duplicate tensor", "duplicate",
       header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"I32","shape":[4],)"
              R"("data_offsets":[0,16]}})")},
      {"duplicate tensor spelled with an escape", "duplicate",
       header(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"\u0061":{"dtype":"I32","shape":[4],)"
              R"("data_offsets":[0,16]}})")},
      {"duplicate shape", "duplicate", one(R"({"dtype":"F32","shape":[4],"shape":[2],"data_offsets":[0,16]})")},
      {"no tensors but data", "belong to none", header("{}")},
  };
}

std::vector<Malformed> entries() {
  return {
      {"entry is null", "not an object", one("null")},
      {"entry is a list", "not an object", one("[1]")},
      {"entry is empty", "'dtype' is missing", one("{}")},
      {"no dtype", "'dtype' is missing", one(R"({"shape":[4],"data_offsets":[0,16]})")},
      {"no shape", "'shape' is missing", one(R"({"dtype":"F32","data_offsets":[0,16]})")},
      {"no offsets", "'data_offsets' is missing", one(R"({"dtype":"F32","shape":[4]})")},
      {"dtype is a number", "'dtype' is not a string", shaped("32", "[4]", "[0,16]")},
      {"dtype unknown", "'F33'", shaped("\"F33\"", "[4]", "[0,16]")},
      {"dtype lower case", "'f32'", shaped("\"f32\"", "[4]", "[0,16]")},
      {"dtype float8", "'F8_E4M3'", shaped("\"F8_E4M3\"", "[16]", "[0,16]")},
      {"dtype empty", "element type ''", shaped("\"\"", "[4]", "[0,16]")},
      {"shape is a number", "'shape' is not a list", shaped("\"F32\"", "4", "[0,16]")},
      {"shape is an object", "'shape' is not a list", shaped("\"F32\"", "{}", "[0,16]")},
      {"extent negative", "holds -4", shaped("\"F32\"", "[-4]", "[0,16]")},
      {"extents negative twice", "holds -2", shaped("\"F32\"", "[-2,-2]", "[0,16]")},
      {"extent fractional", "holds 4.5", shaped("\"F32\"", "[4.5]", "[0,16]")},
      {"extent a float", "holds 4.0", shaped("\"F32\"", "[4.0]", "[0,16]")},
      {"extent a string", "non-negative integer", shaped("\"F32\"", "[\"4\"]", "[0,16]")},
      {"extent null", "holds null", shaped("\"F32\"", "[null]", "[0,16]")},
      {"extent a list", "non-negative integer", shaped("\"F32\"", "[[4]]", "[0,16]")},
      {"extent over 63 bits", "non-negative integer", shaped("\"F32\"", "[9223372036854775808]", "[0,16]")},
      {"extent over 64 bits", "non-negative integer", shaped("\"F32\"", "[99999999999999999999]", "[0,16]")},
      {"product wraps to zero", "overflows", shaped("\"F32\"", "[4294967296,4294967296]", "[0,16]")},
      {"product wraps to four", "overflows", shaped("\"F32\"", "[4611686018427387905,4]", "[0,16]")},
      {"bytes wrap", "overflows", shaped("\"F64\"", "[4611686018427387904]", "[0,16]")},
      {"hundred extents", "takes",
       shaped(
           "\"F32\"",
           "[1" +
               [] {
                 std::string ones;
                 for (int i = 0; i < 99; ++i) ones += ",1";
                 return ones;
               }() +
               "]",
           "[0,16]")},
      {"shape too small", "takes 12 bytes", shaped("\"F32\"", "[3]", "[0,16]")},
      {"shape too large", "takes 20 bytes", shaped("\"F32\"", "[5]", "[0,16]")},
      {"scalar with sixteen bytes", "takes 4 bytes", shaped("\"F32\"", "[]", "[0,16]")},
      {"zero extent with bytes", "takes 0 bytes", shaped("\"F32\"", "[0,4]", "[0,16]")},
      {"element size of another type", "takes 8 bytes", shaped("\"F16\"", "[4]", "[0,16]")},
      {"offsets a number", "list of two", shaped("\"F32\"", "[4]", "16")},
      {"one offset", "list of two", shaped("\"F32\"", "[4]", "[0]")},
      {"three offsets", "list of two", shaped("\"F32\"", "[4]", "[0,8,16]")},
      {"offset negative", "holds -1", shaped("\"F32\"", "[4]", "[-1,15]")},
      {"offset fractional", "holds 0.5", shaped("\"F32\"", "[4]", "[0.5,16]")},
      {"offset a string", "non-negative integer", shaped("\"F32\"", "[4]", "[\"0\",16]")},
      {"ends before it begins", "before it begins", shaped("\"F32\"", "[4]", "[16,0]")},
      {"end past the data", "past the end", shaped("\"F32\"", "[5]", "[0,20]")},
      {"both past the data", "past the end", shaped("\"F32\"", "[4]", "[100,116]")},
      {"end near 2^63", "past the end", shaped("\"F32\"", "[4]", "[0,9223372036854775807]")},
      {"end over 2^63", "non-negative integer", shaped("\"F32\"", "[4]", "[0,18446744073709551615]")},
      {"hole in front", "hole of 4 bytes", shaped("\"F32\"", "[3]", "[4,16]")},
      {"bytes behind", "4 bytes after the last", shaped("\"F32\"", "[3]", "[0,12]")},
  };
}

std::vector<Malformed> layouts() {
  const auto two = [](std::string_view a, std::string_view b) {
    return safetensors_bytes(fmt::format(R"({{"a":{{"dtype":"U8","shape":[8],"data_offsets":{}}},)"
                                         R"("b":{{"dtype":"U8","shape":[8],"data_offsets":{}}}}})",
                                         a, b),
                             kData);
  };
  std::string long_data = safetensors_bytes(kTwo, kData + "x");
  return {
      {"same bytes twice", "overlaps", two("[0,8]", "[0,8]")},
      {"overlap by one", "overlaps", two("[0,8]", "[7,15]")},
      {"overlap in reverse order", "overlaps", two("[4,12]", "[0,8]")},
      {"hole in the middle", "past the end", two("[0,8]", "[9,17]")},
      {"one byte behind", "1 bytes after the last", long_data},
      {"one byte short", "past the end", safetensors_bytes(kTwo, kData.substr(1))},
      {"no data at all", "past the end", safetensors_bytes(kTwo, "")},
      {"empty tensor inside of another", "overlaps",
       safetensors_bytes(R"({"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},)"
                         R"("b":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}})",
                         kData)},
      {"empty tensor past the end", "past the end",
       safetensors_bytes(R"({"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},)"
                         R"("b":{"dtype":"U8","shape":[0],"data_offsets":[17,17]}})",
                         kData)},
  };
}

TEST(SafetensorsFaults, TheUnbrokenFilesAreRead) {
  EXPECT_NO_THROW(read_safetensors(safetensors_bytes(kTwo, kData)));
  EXPECT_NO_THROW(read_safetensors(shaped("\"F32\"", "[4]", "[0,16]")));
  EXPECT_NO_THROW(read_safetensors(safetensors_bytes("{}", "")));
}

TEST(SafetensorsFaults, MalformedHeadersAreRefused) {
  expect_refusals(headers(), "bad.safetensors", read_safetensors);
}
TEST(SafetensorsFaults, MalformedEntriesAreRefused) {
  expect_refusals(entries(), "bad.safetensors", read_safetensors);
}
TEST(SafetensorsFaults, MalformedLayoutsAreRefused) {
  expect_refusals(layouts(), "bad.safetensors", read_safetensors);
}

TEST(SafetensorsFaults, EveryTruncationIsRefused) {
  const std::string file = safetensors_bytes(kTwo, kData);
  EXPECT_EQ(count_refused_prefixes(file, read_safetensors), file.size());
}

TEST(SafetensorsFaults, DamagedBytesNeverCrash) {
  expect_survival_of_damage(safetensors_bytes(kTwo, kData), 3000, read_safetensors);
}

}  // namespace
}  // namespace temper::test
