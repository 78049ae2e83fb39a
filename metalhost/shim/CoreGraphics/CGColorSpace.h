// The name of CoreGraphics' colour spaces, which metal-cpp's QuartzCore headers pass on.
#pragma once

typedef struct CGColorSpace* CGColorSpaceRef;
