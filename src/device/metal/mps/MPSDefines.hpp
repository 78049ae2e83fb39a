// Visibility, inlining and enum macros of the MPS bindings: metal-cpp's own under the prefix _MPS.
#pragma once

#include <Foundation/NSDefines.hpp>

#define _MPS_EXPORT _NS_EXPORT
#define _MPS_EXTERN _NS_EXTERN
#define _MPS_INLINE _NS_INLINE
#define _MPS_PACKED _NS_PACKED

#define _MPS_ENUM(type, name) _NS_ENUM(type, name)
#define _MPS_OPTIONS(type, name) _NS_OPTIONS(type, name)
