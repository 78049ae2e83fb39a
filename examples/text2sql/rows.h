#pragma once

#include <optional>

#include "database.h"
#include "rng.h"
#include "shapes.h"

namespace temper::text2sql {

/// Fills the shown tables with rows on which the gold query gives a non-empty result without ties in its order, and
/// each of its near misses another result. Draws rows until they do; nothing after too many attempts (the caller then
/// takes another question).
std::optional<Database> separating_rows(const Draft& draft, Rng& rng);

}  // namespace temper::text2sql
