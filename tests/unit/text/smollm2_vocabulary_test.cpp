// SmolLM2's real vocabulary against Hugging Face's ids on more than 10,000 strings. Long test: its two files come from
//   python tools/golden/tokenizer_golden.py --gguf FILE --vocab VOCAB.json --cases IDS.jsonl
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "text/tokenizer.h"

namespace temper::text {
namespace {

TEST(Smollm2Vocabulary, GivesTheIdsOfHuggingFace) {
  const char* cases = std::getenv("TEMPER_TEST_SMOLLM2_IDS");
  const char* vocabulary = std::getenv("TEMPER_TEST_SMOLLM2_VOCAB");
  if (cases == nullptr || vocabulary == nullptr) {
    GTEST_SKIP()
        << "TEMPER_TEST_SMOLLM2_IDS and TEMPER_TEST_SMOLLM2_VOCAB aren't set; tools/golden/tokenizer_golden.py "
           "--gguf writes the files they name";
  }
  const Json dump = parse_json(read_file(vocabulary), vocabulary);
  const Tokenizer tokenizer = Tokenizer::from_gguf({.model = dump.at("model"),
                                                    .pre = dump.at("pre"),
                                                    .tokens = dump.at("tokens"),
                                                    .merges = dump.at("merges"),
                                                    .token_types = dump.at("token_type"),
                                                    .bos = dump.at("bos_token_id").get<int32_t>(),
                                                    .eos = dump.at("eos_token_id").get<int32_t>()},
                                                   "SmolLM2");
  std::istringstream lines(read_file(cases));
  int count = 0, wrong = 0;
  for (std::string line; std::getline(lines, line) && wrong < 10; ++count) {
    const Json row = parse_json(line, cases);
    const Json ids = tokenizer.encode(row[0].get<std::string>());
    wrong += ids != row[1];
    EXPECT_EQ(ids, row[1]) << row[0];
  }
  EXPECT_GT(count, 5000);
}

}  // namespace
}  // namespace temper::text
