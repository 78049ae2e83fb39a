#pragma once

#include <string>
#include <string_view>

#include "database.h"
#include "sandbox.h"

namespace temper::text2sql {

/// The SQL of a reply: surrounding white space and a Markdown code fence taken off.
std::string sql_of_reply(std::string_view reply);

/// Whether a query fixes the order of its rows: it has ORDER BY outside quotes and parentheses.
bool is_ordered(std::string_view sql);

/// Whether two results are equal: the same number of columns in the same order (their names don't count) and the same
/// rows, in sequence when `ordered`, as multisets otherwise. Numbers are equal within 1e-6 relative, integer or real;
/// text is compared byte by byte. A failed execution equals nothing.
bool same_result(const Execution& predicted, const Execution& gold, bool ordered);

/// What became of one prediction.
struct Verdict {
  bool correct = false;
  std::string why;  // when wrong: SQLite's reason, or "another result"
};

/// Executes both statements on the database and compares the results.
/// Throws Error{data} when the gold statement fails.
Verdict judge(const Database& database, std::string_view gold_sql, std::string_view reply);

}  // namespace temper::text2sql
