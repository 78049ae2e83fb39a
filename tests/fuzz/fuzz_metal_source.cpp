// Preprocessed Metal source through the front end of metalhost, for the host and for the check of address spaces: every
// character becomes part of one token, and every complaint has its place.
#include <cstdint>

#include "msl/compiler/rewriter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace metalhost::msl;
  const std::string source(reinterpret_cast<const char*>(data), size);
  for (const RewriteOptions options : {RewriteOptions{false, true}, {false, false}, {true, true}, {true, false}}) {
    const Rewritten rewritten = rewrite(source, options);
    std::string written;
    for (const Token& token : rewritten.tokens) written += token.as_written();
    if (written != source && !source.empty()) __builtin_trap();
    if (rewritten.text().size() < rewritten.tables.size()) __builtin_trap();
    SourceLines lines("program_source", source);
    if (complaints_in_source(rewritten, lines).size() != rewritten.complaints.size()) __builtin_trap();
  }
  return 0;
}
