// The Metal standard library for the host, as kernels are compiled against it.
#pragma once
#include "arguments.h"
#include "internals.h"
#include "mathematics.h"
#include "simdgroup_matrix.h"
#include "threads.h"
#include "types.h"

using metal::as_type;
using metal::matrix;
using metal::vec;
