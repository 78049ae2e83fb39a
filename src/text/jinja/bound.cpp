#include "text/jinja/methods.h"
#include "text/jinja/operators.h"

namespace temper::text::jinja {

Bound::Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
             size_t required)
    : function_(function), slots_(names.size(), nullptr) {
  if (arguments.positional.size() > names.size())
    fault("{}() takes at most {} argument(s) ({} given)", function, names.size(), arguments.positional.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) slots_[i] = &arguments.positional[i];
  for (const auto& [keyword, value] : arguments.keywords) {
    const auto* name = std::find(names.begin(), names.end(), keyword);
    if (name == names.end()) fault("{}() got an unexpected keyword argument '{}'", function, keyword);
    const Value*& slot = slots_[static_cast<size_t>(name - names.begin())];
    if (slot != nullptr) fault("{}() got multiple values for argument '{}'", function, keyword);
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (slots_[i] != nullptr) continue;
    const std::string_view name = *(names.begin() + i);
    if (name.empty()) fault("{}() takes at least {} argument(s) ({} given)", function, required, i);
    fault("{}() missing required argument '{}'", function, name);
  }
}

int64_t Bound::integer_or(size_t i, int64_t fallback) const {
  return has(i) ? index_of(at(i), function_) : fallback;
}

bool Bound::truth_or(size_t i, bool fallback) const {
  return has(i) ? truthy(at(i)) : fallback;
}

const std::string& Bound::text(size_t i) const {
  return text_of(at(i), function_);
}

}  // namespace temper::text::jinja
