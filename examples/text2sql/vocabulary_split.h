#pragma once

#include <vector>

#include "vocabulary.h"

// The word lists behind domains(): one file a split, so that a word is easily seen to belong to one split only.
namespace temper::text2sql {

std::vector<Domain> train_domains();
std::vector<Domain> valid_domains();
std::vector<Domain> test_domains();

}  // namespace temper::text2sql
