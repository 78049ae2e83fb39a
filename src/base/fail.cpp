#include "base/fail.h"

namespace temper {

void assertion_failed(const char* expression, const char* file, int line) {
  fail(ErrorCode::internal, "{}:{}: assertion failed: {}; this is a bug in temper", file, line, expression);
}

}  // namespace temper
