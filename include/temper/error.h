#pragma once

#include <stdexcept>
#include <string>

namespace temper {

/// What kind of mistake an Error reports. The program maps every code to exit status 1, except `usage` (2) and
/// `interrupted` (130).
enum class ErrorCode {
  invalid_argument,  ///< a value outside its domain
  shape_mismatch,    ///< shapes that don't fit together
  dtype_mismatch,    ///< element types that don't fit together or aren't supported by the op
  device_mismatch,   ///< tensors of different devices in one op
  not_found,         ///< a file, tensor or key that isn't there
  format,            ///< a malformed or truncated file
  unsupported,       ///< well-formed, but outside what temper implements
  data,              ///< a data set that can't be trained on
  numeric,           ///< a non-finite loss, a token id out of range
  out_of_memory,
  io,  ///< reading or writing failed
  usage,
  interrupted,
  internal,
};

/// The one exception type of temper. what() reads `where: what; why or how to mend`.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace temper
