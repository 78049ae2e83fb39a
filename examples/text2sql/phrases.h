#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query.h"
#include "rng.h"
#include "schema.h"

namespace temper::text2sql {

/// A name as a person says it: `birth_year` is "birth year".
std::string spoken(std::string_view name);

/// One of the patterns, each `{key}` in it replaced by its text. (Picking it here and not in an argument keeps the
/// order of random numbers the same with every compiler.)
std::string phrased(const std::vector<std::string>& patterns,
                    std::initializer_list<std::pair<std::string_view, std::string>> parts, Rng& rng);

/// "over", "at least" ... in front of a number; one of several wordings.
std::string comparison_words(Comparison comparison, Rng& rng);

/// "average", "total" ...; one of several wordings.
std::string aggregate_words(Aggregate aggregate, Rng& rng);

/// The conditions as a clause after a noun: "whose age is over 30 or town is 'Lima'", "with age
/// over 30". Text is quoted as in SQL.
std::string clause(const std::vector<Condition>& conditions, bool any_condition, Rng& rng);

/// A random comparison of a numeric column with a number from the middle of its range.
Condition number_condition(const Column& column, Rng& rng);

/// `column = value`, or `!=` in one case of five.
Condition text_condition(const Column& column, Rng& rng);

/// `column BETWEEN a AND b`, both from the middle of the range and at least 4 apart.
Condition between_condition(const Column& column, Rng& rng);

/// `column LIKE pattern` for a beginning or a part of one of the column's values.
Condition like_condition(const Column& column, Rng& rng);

}  // namespace temper::text2sql
