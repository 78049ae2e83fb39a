#define MPS_PRIVATE_IMPLEMENTATION
#include <mps.hpp>
