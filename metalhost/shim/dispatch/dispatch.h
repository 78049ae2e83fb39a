// What metal-cpp and programs need of libdispatch: opaque queues, and data that libraries are made of.
#pragma once
#include <stddef.h>

typedef struct dispatch_queue_s* dispatch_queue_t;
typedef struct dispatch_data_s* dispatch_data_t;
#ifdef __BLOCKS__
typedef void (^dispatch_block_t)(void);
#else
typedef struct dispatch_block_s* dispatch_block_t;
#endif

// The bytes are copied, as Apple's does for this destructor; others are not supported and end the program.
#define DISPATCH_DATA_DESTRUCTOR_DEFAULT ((dispatch_block_t)NULL)

#ifdef __cplusplus
extern "C" {
#endif
dispatch_data_t dispatch_data_create(const void* buffer, size_t size, dispatch_queue_t queue,
                                     dispatch_block_t destructor);
size_t dispatch_data_get_size(dispatch_data_t data);
void dispatch_release(dispatch_data_t object);
#ifdef __cplusplus
}
#endif
