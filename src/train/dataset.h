#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/text_processor.h"

namespace temper::train {

/// Which tokens of a row count in the loss. The end-of-turn token of a counted message always counts.
enum class PromptMask {
  none,  ///< every token
  last,  ///< the final assistant message (or the completion); mlx-lm's `mask_prompt: true`
  all,   ///< every assistant message
};

/// One row of a data set as tokens.
struct Row {
  std::vector<int32_t> ids;
  std::vector<uint8_t> trained;  ///< per token: 1 when it is a target (token 0 never is: nothing predicts it)
  int64_t line = 0;              ///< in its file, from 1
  bool cut = false;              ///< longer than the limit, cut to it

  int64_t targets() const;
  /// Tokens that go through the model: all but the last, which is only predicted.
  int64_t inputs() const { return static_cast<int64_t>(ids.size()) - 1; }
};

struct DatasetOptions {
  PromptMask mask = PromptMask::none;
  int64_t max_tokens = 2048;  ///< longer rows are cut
};

struct Dataset {
  std::filesystem::path path;
  std::vector<Row> rows;
  int64_t rows_cut = 0;
  int64_t rows_without_stop = 0;  ///< rows whose last token is neither EOS nor an end of turn

  int64_t tokens() const;
  int64_t targets() const;
};

/// Reads JSON lines. Each row has `messages` (the model's chat template is applied; `tools`, a list of function
/// definitions, may stand beside), or
/// `prompt` and `completion` (rendered as one turn when the model has a template), or `text` (EOS is added when
/// missing); the kind is that of the first row.
/// Throws Error{data} `file:line: ...` for malformed JSON, a row of another kind, a token outside of the vocabulary, a
/// row with no trained token (cutting may cause that), an empty file.
Dataset load_dataset(const TextProcessor& processor, const std::filesystem::path& path, const DatasetOptions& options);
/// The same from the text of a file that `path` names.
Dataset parse_dataset(const TextProcessor& processor, std::string_view text, const std::filesystem::path& path,
                      const DatasetOptions& options);

/// One row, for `temper inspect` and tests.
Row tokenize_row(const TextProcessor& processor, const OrderedJson& json, const DatasetOptions& options,
                 std::string_view where);

/// The conversation a row of a loaded data set stands for, without the final assistant message: what to generate from.
/// Its messages are null for text rows.
Conversation prompt_of(const OrderedJson& row);
/// The final assistant message's or the completion's text; empty for text rows.
std::string expected_reply(const OrderedJson& row);

}  // namespace temper::train
