// Opaque handles only: metal-cpp passes them on and never looks inside.
#pragma once
typedef struct dispatch_queue_s* dispatch_queue_t;
typedef struct dispatch_data_s* dispatch_data_t;
