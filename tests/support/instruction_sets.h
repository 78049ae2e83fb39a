#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

/// What Highway has compiled for and the machine can run.
inline std::vector<int64_t> instruction_sets() {
  std::vector<int64_t> sets;
  for (int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1)
    sets.push_back(targets & -targets);
  return sets;
}

/// Tells Highway that the machine has this instruction set only, until the end of the scope.
class OnlyInstructionSet {
 public:
  explicit OnlyInstructionSet(int64_t target) { choose(target); }
  ~OnlyInstructionSet() { choose(0); }
  OnlyInstructionSet(const OnlyInstructionSet&) = delete;
  OnlyInstructionSet& operator=(const OnlyInstructionSet&) = delete;

 private:
  static void choose(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

}  // namespace temper
