#include "base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/fail.h"
#include "base/file.h"

namespace temper {

std::string sha256(std::span<const std::byte> bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1)
    fail(ErrorCode::internal, "sha256: OpenSSL refused to hash");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string sha256_of_file(const std::filesystem::path& path) {
  return sha256(MappedFile(path).bytes());
}

}  // namespace temper
