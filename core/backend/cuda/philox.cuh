/*
 * Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011), and what its words
 * become. A stream is what cuRAND's Philox generator gives after curand_init(seed, sequence, offset) for an offset that
 * is a multiple of 4: the key is the seed, the upper half of the counter the sequence, the lower one the offset / 4.
 * Uniforms and normals have cuRAND's formulas (its documentation of curand_uniform4, curand_uniform2_double,
 * curand_normal4 and curand_normal2_double), with the products and sums that nvcc fuses there written as fma.
 */
#ifndef TYI_CUDA_PHILOX_CUH
#define TYI_CUDA_PHILOX_CUH

#include "backend/cuda/generator.cuh"

typedef struct tyi_words {
    uint32_t at[4];
} tyi_words;

/* Ten rounds over the counter c with the key k. */
static __host__ __device__ __forceinline__ tyi_words tyi_philox_block(tyi_words c, uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t a = static_cast<uint64_t>(0xd2511f53u) * c.at[0], b = static_cast<uint64_t>(0xcd9e8d57u) * c.at[2];
        c = {{static_cast<uint32_t>(b >> 32) ^ c.at[1] ^ k0, static_cast<uint32_t>(b),
              static_cast<uint32_t>(a >> 32) ^ c.at[3] ^ k1, static_cast<uint32_t>(a)}};
        k0 += 0x9e3779b9u; /* the golden ratio, and the square root of 3 less 1 */
        k1 += 0xbb67ae85u;
    }
    return c;
}

class tyi_philox_stream
{
  public:
    __host__ __device__ tyi_philox_stream(tyi_philox start, uint64_t sequence)
        : seed(start.graph ? start.graph[0] : start.seed), sequence(sequence),
          block((start.offset + (start.graph ? start.graph[1] : 0)) / 4)
    {
    }
    /* The next four words. */
    __host__ __device__ __forceinline__ tyi_words next()
    {
        tyi_words c = {{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                        static_cast<uint32_t>(sequence), static_cast<uint32_t>(sequence >> 32)}};
        block++;
        return tyi_philox_block(c, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32));
    }

  private:
    uint64_t seed, sequence, block;
};

/* The words of a stream one by one. */
class tyi_philox_words
{
  public:
    __device__ tyi_philox_words(tyi_philox start, uint64_t sequence) : stream(start, sequence), left(0)
    {
    }
    __device__ uint32_t next()
    {
        if (left == 0) {
            words = stream.next();
            left = 4;
        }
        uint32_t word = words.at[0];
        words = {{words.at[1], words.at[2], words.at[3], 0}};
        left--;
        return word;
    }

  private:
    tyi_philox_stream stream;
    tyi_words words;
    int left;
};

/* In (0, 1]. */
static __device__ __forceinline__ float tyi_uniform_of(uint32_t word)
{
    const float unit = 2.3283064e-10f; /* 2^-32 */
    return fmaf(static_cast<float>(word), unit, unit / 2);
}

/* In (0, 1), of 53 bits. */
static __device__ __forceinline__ double tyi_uniform_of(uint32_t low, uint32_t high)
{
    const double unit = 1.1102230246251565e-16; /* 2^-53 */
    uint64_t bits = low ^ static_cast<uint64_t>(high) << 21;
    return fma(static_cast<double>(bits), unit, unit / 2);
}

/* Two standard normals (Box and Muller 1958). */
static __device__ __forceinline__ void tyi_normals_of(uint32_t x, uint32_t y, float *normals)
{
    const float turn = 2.3283064e-10f * 6.2831855f;
    float radius = sqrtf(-2.0f * logf(tyi_uniform_of(x))), sine, cosine;
    __sincosf(fmaf(static_cast<float>(y), turn, turn / 2), &sine, &cosine);
    normals[0] = sine * radius;
    normals[1] = cosine * radius;
}

static __device__ __forceinline__ void tyi_normals_of(const tyi_words &w, double *normals)
{
    const double unit = 1.1102230246251565e-16;
    uint64_t bits = w.at[2] ^ static_cast<uint64_t>(w.at[3]) << 21;
    double radius = sqrt(-2.0 * log(tyi_uniform_of(w.at[0], w.at[1]))), sine, cosine;
    sincospi(fma(static_cast<double>(bits), unit * 2, unit), &sine, &cosine);
    normals[0] = sine * radius;
    normals[1] = cosine * radius;
}

/* A draw as PyTorch lays it out (its DistributionTemplates.h): blocks of 256 threads, no more than the device holds at
 * once; each thread has its own sequence and fills elements one grid apart, `unroll` for each four words. */
typedef struct tyi_draw {
    tyi_philox start;
    unsigned blocks;
} tyi_draw;
tyi_draw tyi_begin_draw(ty_generator *g, int64_t n, int unroll);

#endif
