/*
 * Handles of NVIDIA's libraries: a thread has its own for each device, and hands them on when it ends, because they are
 * costly to make and hold device memory.
 */
#ifndef TYI_CUDA_HANDLES_CUH
#define TYI_CUDA_HANDLES_CUH

#include <mutex>
#include <vector>

#include "backend/cuda/memory.cuh"

/* thread_local tyi_handles<cublasHandle_t> handles; Handle is a pointer; what it points to is never destroyed, as CUDA
 * may be gone before at the end of the process. */
template <typename Handle> class tyi_handles
{
  public:
    tyi_handles() = default;
    ~tyi_handles()
    {
        std::lock_guard<std::mutex> guard(idle().lock);
        for (int device = 0; device < TYI_MOST_DEVICES; device++)
            if (own[device])
                idle().of[device].push_back(own[device]);
    }
    tyi_handles(const tyi_handles &) = delete;
    tyi_handles &operator=(const tyi_handles &) = delete;

    /* The thread's for the current device, which may be one that was handed on; NULL: the caller makes one there. */
    Handle &mine()
    {
        int device = tyi_current_device();
        if (own[device])
            return own[device];
        std::lock_guard<std::mutex> guard(idle().lock);
        std::vector<Handle> &left = idle().of[device];
        if (!left.empty()) {
            own[device] = left.back();
            left.pop_back();
        }
        return own[device];
    }

  private:
    struct handed_on {
        std::mutex lock;
        std::vector<Handle> of[TYI_MOST_DEVICES];
    };
    static handed_on &idle()
    {
        static handed_on *all = new handed_on;
        return *all;
    }
    Handle own[TYI_MOST_DEVICES] = {};
};

#endif
