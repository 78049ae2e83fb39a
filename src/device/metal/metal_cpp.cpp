// The definitions of metal-cpp and of mps.hpp: selectors, classes, and the functions that aren't inline.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#define MPS_PRIVATE_IMPLEMENTATION
#include <Foundation/Foundation.hpp>
#include <Metal/Metal.hpp>

#include "device/metal/mps.hpp"
