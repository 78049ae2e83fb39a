#pragma once

#include <string>
#include <vector>

#include "query.h"
#include "schema.h"

namespace temper::text2sql {

/// A query that differs from the gold one by a single mistake.
struct NearMiss {
  std::string mistake;  // e.g. "wrong column in the condition"
  Query query;
};

/// The near misses of a gold query: another column, comparison, value, aggregate, order, limit, grouping; a missing
/// condition, DISTINCT, ordering, limit, HAVING or join condition; AND for OR. The rows of an example's database must
/// tell each of them from the gold query.
std::vector<NearMiss> near_misses(const Query& gold, const Schema& schema);

}  // namespace temper::text2sql
