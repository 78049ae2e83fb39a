// A JSONL data set, read under each prompt mask with the chat template and tokenizer of a tiny model; then the same
// file as `temper generate --batch` reads it.
#include <cstdlib>

#include "cli/prompts.h"
#include "cli/train_samples.h"
#include "support/golden_models.h"
#include "temper/error.h"
#include "train/dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace temper;
  using train::PromptMask;
  static const TextProcessor processor = TextProcessor::open(testing::golden_path("tiny_llama/gqa_tied"));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const PromptMask mask : {PromptMask::none, PromptMask::last, PromptMask::all}) {
    try {
      const train::Dataset set = train::parse_dataset(processor, text, "fuzz", {.mask = mask, .max_tokens = 64});
      for (const train::Row& row : set.rows)
        if (row.ids.size() != row.trained.size() || row.ids.size() > 64 || row.targets() < 1) std::abort();
    } catch (const Error&) {  // the expected answer to malformed input
    }
  }
  // What the report's samples are made from: any row that is accepted alone.
  try {
    const OrderedJson row = parse_ordered_json(text, "fuzz");
    (void)train::tokenize_row(processor, row, {.mask = PromptMask::none, .max_tokens = 64}, "fuzz");
    (void)cli::sample_of_row(processor, row, 64);
  } catch (const Error&) {
  }
  try {
    (void)cli::parse_batch(processor, {}, text, "fuzz");
  } catch (const Error&) {
  }
  return 0;
}
