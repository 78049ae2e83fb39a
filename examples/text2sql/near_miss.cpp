#include "near_miss.h"

#include <utility>

namespace temper::text2sql {
namespace {

constexpr Aggregate kNumericAggregates[] = {Aggregate::avg, Aggregate::sum, Aggregate::min, Aggregate::max};
constexpr Comparison kOrderings[] = {Comparison::equal,      Comparison::not_equal, Comparison::less,
                                     Comparison::less_equal, Comparison::greater,   Comparison::greater_equal};

// Collects the variants of one gold query.
class Collector {
 public:
  Collector(const Query& gold, const Schema& schema) : gold_(gold) {
    columns_ = schema.table(gold.table).columns;
    if (gold.join) {
      for (const Column& column : schema.table(gold.join->table).columns) columns_.push_back(column);
    }
  }

  std::vector<NearMiss> collect() {
    for (size_t i = 0; i < gold_.items.size(); ++i) miss_item(i);
    if (gold_.items.size() == 2) {
      add("results in the wrong order", [](Query& q) { std::swap(q.items[0], q.items[1]); });
      add("a result missing", [](Query& q) { q.items.pop_back(); });
    }
    if (gold_.distinct) add("DISTINCT missing", [](Query& q) { q.distinct = false; });
    if (gold_.join) add("join condition missing", [](Query& q) { q.join->key.clear(); });
    for (size_t i = 0; i < gold_.where.size(); ++i) miss_condition(i);
    if (gold_.where.size() > 1) {
      add("AND and OR exchanged", [](Query& q) { q.any_condition = !q.any_condition; });
    }
    if (!gold_.group_by.empty()) miss_grouping();
    if (gold_.having) miss_having();
    if (gold_.order) miss_order();
    return std::move(found_);
  }

 private:
  template <class Change>
  void add(std::string mistake, Change change) {
    Query query = gold_;
    change(query);
    found_.push_back({std::move(mistake), std::move(query)});
  }

  const Column& column(const std::string& name) const {
    for (const Column& candidate : columns_) {
      if (candidate.name == name) return candidate;
    }
    return columns_.front();
  }

  // Other columns that the same condition or aggregate could be about: of the same type and no keys.
  std::vector<std::string> rivals(const std::string& name) const {
    std::vector<std::string> names;
    for (const Column& candidate : columns_) {
      if (!candidate.key && candidate.name != name && candidate.type == column(name).type) {
        names.push_back(candidate.name);
      }
    }
    return names;
  }

  void miss_item(size_t i) {
    const Item& item = gold_.items[i];
    if (item.aggregate == Aggregate::none) {
      if (item.column == gold_.group_by) return;  // miss_grouping() changes both
      for (const Column& other : columns_) {
        if (other.name == item.column) continue;
        add("wrong column in the result", [&](Query& q) { q.items[i].column = other.name; });
      }
    } else if (item.aggregate != Aggregate::count) {
      for (const std::string& other : rivals(item.column)) {
        add("wrong column in the aggregate", [&](Query& q) { q.items[i].column = other; });
      }
      for (const Aggregate other : kNumericAggregates) {
        if (other == item.aggregate) continue;
        add("wrong aggregate", [&](Query& q) { q.items[i].aggregate = other; });
      }
    }
  }

  void miss_condition(size_t i) {
    const Condition& condition = gold_.where[i];
    add("condition missing", [&](Query& q) { q.where.erase(q.where.begin() + static_cast<std::ptrdiff_t>(i)); });
    const auto compare = [&](Comparison other) {
      if (other == condition.comparison) return;
      add("wrong comparison", [&](Query& q) { q.where[i].comparison = other; });
    };
    if (condition.comparison == Comparison::in) return compare(Comparison::not_in);
    if (condition.comparison == Comparison::not_in) return compare(Comparison::in);

    for (const std::string& other : rivals(condition.column)) {
      add("wrong column in the condition", [&](Query& q) { q.where[i].column = other; });
    }
    if (condition.subquery) {
      for (const Comparison other : kOrderings) compare(other);
      miss_subquery(i);
    } else if (condition.comparison == Comparison::like) {
      miss_pattern(i);
    } else if (condition.comparison == Comparison::between) {
      compare(Comparison::not_between);
      compare(Comparison::strictly_between);
      miss_number(i, 0);
      miss_number(i, 1);
    } else if (std::holds_alternative<int64_t>(condition.values[0])) {
      for (const Comparison other : kOrderings) compare(other);
      miss_number(i, 0);
    } else {
      compare(condition.comparison == Comparison::equal ? Comparison::not_equal : Comparison::equal);
      for (const std::string& other : column(condition.column).values) {
        if (Value(other) == condition.values[0]) continue;
        add("wrong value", [&](Query& q) { q.where[i].values[0] = other; });
      }
    }
  }

  void miss_number(size_t i, size_t value) {
    for (const int64_t step : {-1, 1}) {
      add("wrong number", [&](Query& q) { std::get<int64_t>(q.where[i].values[value]) += step; });
    }
  }

  void miss_subquery(size_t i) {
    const Item& item = gold_.where[i].subquery->item;
    for (const Aggregate other : kNumericAggregates) {
      if (other == item.aggregate) continue;
      add("wrong aggregate in the subquery", [&](Query& q) { q.where[i].subquery->item.aggregate = other; });
    }
    for (const std::string& other : rivals(item.column)) {
      add("wrong column in the subquery", [&](Query& q) { q.where[i].subquery->item.column = other; });
    }
  }

  void miss_pattern(size_t i) {
    const auto& gold = std::get<std::string>(gold_.where[i].values[0]);
    const size_t begin = gold.front() == '%', end = gold.size() - (gold.back() == '%' ? 1 : 0);
    const std::string part = gold.substr(begin, end - begin);
    for (const std::string& other : {part, part + "%", "%" + part, "%" + part + "%"}) {
      if (other == gold) continue;
      add("wrong pattern", [&](Query& q) { q.where[i].values[0] = other; });
    }
  }

  void miss_grouping() {
    for (const std::string& other : rivals(gold_.group_by)) {
      add("wrong group", [&](Query& q) {
        for (Item& item : q.items) {
          if (item.column == gold_.group_by) item.column = other;
        }
        q.group_by = other;
      });
    }
    add("GROUP BY missing", [](Query& q) {
      q.group_by.clear();
      q.having.reset();
    });
  }

  void miss_having() {
    const Having& having = *gold_.having;
    add("HAVING missing", [](Query& q) { q.having.reset(); });
    for (const Comparison other : kOrderings) {
      if (other == having.comparison) continue;
      add("wrong comparison in HAVING", [&](Query& q) { q.having->comparison = other; });
    }
    for (const int64_t step : {-1, 1}) {
      add("wrong number in HAVING", [&](Query& q) { q.having->value += step; });
    }
    if (having.item.aggregate == Aggregate::count) return;
    for (const Aggregate other : kNumericAggregates) {
      if (other == having.item.aggregate) continue;
      add("wrong aggregate in HAVING", [&](Query& q) { q.having->item.aggregate = other; });
    }
    for (const std::string& other : rivals(having.item.column)) {
      add("wrong column in HAVING", [&](Query& q) { q.having->item.column = other; });
    }
  }

  void miss_order() {
    add("ORDER BY missing", [](Query& q) { q.order.reset(); });
    add("wrong direction", [](Query& q) { q.order->descending = !q.order->descending; });
    for (const Column& other : columns_) {
      if (other.name == gold_.order->column) continue;
      add("wrong column in ORDER BY", [&](Query& q) { q.order->column = other.name; });
    }
    if (gold_.limit == 0) return;
    add("LIMIT missing", [](Query& q) { q.limit = 0; });
    add("limit too large", [](Query& q) { ++q.limit; });
    if (gold_.limit > 1) add("limit too small", [](Query& q) { --q.limit; });
  }

  const Query& gold_;
  std::vector<Column> columns_;
  std::vector<NearMiss> found_;
};

}  // namespace

std::vector<NearMiss> near_misses(const Query& gold, const Schema& schema) {
  return Collector(gold, schema).collect();
}

}  // namespace temper::text2sql
