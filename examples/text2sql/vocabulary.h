#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace temper::text2sql {

enum class Split { train, valid, test };

/// "train", "valid" or "test".
std::string_view name_of(Split split);

/// A text column and the values that it takes.
struct TextWords {
  std::string name;
  std::string values;  // separated by '|'; no quote, '%' or '_' inside
};

/// A numeric column and the range of its integers, at least 25 wide.
struct NumberWords {
  std::string name;
  int64_t low = 0, high = 0;
};

/// A table: its name (the plural), what one row is called, and the columns it may have besides its key.
struct TableWords {
  std::string plural, singular;
  std::vector<TextWords> texts;
  std::vector<NumberWords> numbers;
};

/// Two tables; each row of `child` belongs to one of `parent`. The key of a table is `<singular>_id`.
struct Domain {
  TableWords parent, child;
};

/// The domains of a split. No word of a table name, column name or text value is in two splits ("id" excepted).
const std::vector<Domain>& domains(Split split);

/// The pieces of a `|`-separated list.
std::vector<std::string> pieces(std::string_view list);

}  // namespace temper::text2sql
