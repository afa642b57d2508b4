/*
 * What files have in common that keep a library's plans (conv_cudnn.cu, blas_lt.cu): keys that are compared and hashed
 * word by word, and how far addresses are aligned.
 */
#ifndef TYI_CUDA_PLANS_CUH
#define TYI_CUDA_PLANS_CUH

#include <stdint.h>
#include <string.h>

/* For a std::unordered_map: keys are structures of 64-bit numbers alone. */
template <typename Key> struct tyi_plan_hash {
    size_t operator()(const Key &key) const /* FNV-1a by words */
    {
        static_assert(sizeof key % sizeof(uint64_t) == 0, "a key is whole words");
        uint64_t hash = 14695981039346656037u, words[sizeof key / sizeof(uint64_t)];
        memcpy(words, &key, sizeof words);
        for (uint64_t word : words)
            hash = (hash ^ word) * 1099511628211u;
        return static_cast<size_t>(hash ^ hash >> 32);
    }
};

template <typename Key> struct tyi_plan_equal {
    bool operator()(const Key &a, const Key &b) const
    {
        return memcmp(&a, &b, sizeof a) == 0;
    }
};

constexpr size_t TYI_MOST_PLANS = 4096; /* of a thread; then those of sizes that never come back are dropped with all */

/* The largest power of two that divides an address, up to `most`, which is one too. */
static inline int64_t tyi_alignment(const void *data, uintptr_t most)
{
    uintptr_t address = reinterpret_cast<uintptr_t>(data) | most;
    return static_cast<int64_t>(address & (~address + 1));
}

#endif
