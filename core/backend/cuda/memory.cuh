/*
 * Device and pinned memory of the plug-in, and copies between it and the host (memory.cu).
 */
#ifndef TYI_CUDA_MEMORY_CUH
#define TYI_CUDA_MEMORY_CUH

#include "backend/cuda/device.cuh"

#define TYI_MOST_DEVICES 64

int tyi_device_count(void);
const cudaDeviceProp &tyi_device_properties(int device);
ty_status tyi_use_device(int device);

/* Another current device for as long as the object lives. */
class tyi_device_scope
{
  public:
    explicit tyi_device_scope(int device);
    ~tyi_device_scope();
    tyi_device_scope(const tyi_device_scope &) = delete;
    tyi_device_scope &operator=(const tyi_device_scope &) = delete;
    ty_status status;

  private:
    int before;
};

ty_status tyi_allocate(int device, size_t bytes, void **data);
void tyi_release(int device, void *data, size_t bytes);

/* A word of each device's that kernels set when they meet an index out of range: they skip it, and the next time that
 * the host waits for the device it fails with this. */
typedef enum { TYI_FAULT_NONE, TYI_FAULT_INDEX } tyi_fault;
int *tyi_fault_word(void);              /* of the current device; kernels may write it, NULL when it cannot be had */
ty_status tyi_device_fault(int device); /* fails when the word is set, and clears it */

void tyi_fill_memory_functions(tyi_cuda_module *module);

#endif
