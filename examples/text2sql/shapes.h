#pragma once

#include <span>
#include <string>
#include <string_view>

#include "query.h"
#include "rng.h"
#include "schema.h"

namespace temper::text2sql {

/// A question with its gold query; the rows of the database come later (rows.h).
struct Draft {
  std::string question;
  Query query;
  Schema schema;  // which tables are shown is settled
};

/// A kind of query: how to ask and answer a question of this kind on a schema.
struct Shape {
  std::string_view name;
  Draft (*make)(Schema schema, Rng& rng);
};

/// All query shapes, in the order in which a split goes round them.
std::span<const Shape> shapes();

}  // namespace temper::text2sql
