/*
 * Sorting and top-k along contiguous rows, stable in either direction, NaN the largest, as the CPU's (cpu/sort.c):
 * values become unsigned ranks of the same order, complemented when descending, and positions break ties.
 *
 * Rows of up to SMALL elements are sorted by a block each in shared memory (bitonic; short rows share a block). Longer
 * ones by radix sort: of the row's number and the rank in one key, or for ranks of 64 bits by the rank and then,
 * stably, by the row. The first few of long rows are found by counting digits of ranks, a block for each row, when
 * there are rows enough to keep the device busy; every pass reads the row once.
 */
#include "backend/cuda/elements.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/sorting.cuh"

namespace
{

constexpr int SMALL = 2048; /* elements of a block */
constexpr int WARPS = TYI_THREADS / TYI_WARP;

/* ---- Ranks ---- */

template <typename T> struct rank_of {
    typedef uint32_t type;
    static constexpr int bits = 8 * sizeof(T);
    static __device__ __forceinline__ uint32_t of(T v)
    {
        const uint32_t sign = T(-1) < T(0) ? 1u << (bits - 1) : 0;
        return (static_cast<uint32_t>(v) ^ sign) & (0xffffffffu >> (32 - bits));
    }
};
template <> struct rank_of<bool> {
    typedef uint32_t type;
    static constexpr int bits = 8;
    static __device__ __forceinline__ uint32_t of(bool v)
    {
        return v;
    }
};
template <> struct rank_of<int64_t> {
    typedef uint64_t type;
    static constexpr int bits = 64;
    static __device__ __forceinline__ uint64_t of(int64_t v)
    {
        return static_cast<uint64_t>(v) ^ 1ull << 63;
    }
};
template <> struct rank_of<float> {
    typedef uint32_t type;
    static constexpr int bits = 32;
    static __device__ __forceinline__ uint32_t of(float v)
    {
        uint32_t b = __float_as_uint(v);
        return v != v ? 0xffffffffu : v == 0 ? 1u << 31 : b >> 31 ? ~b : b | 1u << 31;
    }
};
template <> struct rank_of<double> {
    typedef uint64_t type;
    static constexpr int bits = 64;
    static __device__ __forceinline__ uint64_t of(double v)
    {
        uint64_t b = static_cast<uint64_t>(__double_as_longlong(v));
        return v != v ? ~0ull : v == 0 ? 1ull << 63 : b >> 63 ? ~b : b | 1ull << 63;
    }
};
template <typename T, unsigned INFINITY_BITS> struct rank_of_reduced {
    typedef uint32_t type;
    static constexpr int bits = 16;
    static __device__ __forceinline__ uint32_t of(T v)
    {
        uint32_t b = v.bits, size = b & 0x7fffu;
        return size > INFINITY_BITS ? 0xffffu : size == 0 ? 0x8000u : b & 0x8000u ? ~b & 0xffffu : b | 0x8000u;
    }
};
template <> struct rank_of<ty_float16> : rank_of_reduced<ty_float16, 0x7c00u> {
};
template <> struct rank_of<ty_bfloat16> : rank_of_reduced<ty_bfloat16, 0x7f80u> {
};

/* A rank with its position: one word for ranks of up to 32 bits. */
template <typename R> struct record;
template <> struct record<uint32_t> {
    uint64_t both;
    static __device__ __forceinline__ record make(uint32_t rank, uint32_t position)
    {
        return {static_cast<uint64_t>(rank) << 32 | position};
    }
    __device__ __forceinline__ bool operator<(const record &other) const
    {
        return both < other.both;
    }
    __device__ __forceinline__ uint32_t position() const
    {
        return static_cast<uint32_t>(both);
    }
};
template <> struct record<uint64_t> {
    uint64_t rank;
    uint32_t at;
    static __device__ __forceinline__ record make(uint64_t rank, uint32_t position)
    {
        return {rank, position};
    }
    __device__ __forceinline__ bool operator<(const record &other) const
    {
        return rank < other.rank || (rank == other.rank && at < other.at);
    }
    __device__ __forceinline__ uint32_t position() const
    {
        return at;
    }
};

template <typename T> struct job {
    typedef typename rank_of<T>::type R;
    const T *x;
    T *values;
    int64_t *indices;
    int64_t rows, size, kept;
    R flip; /* makes ranks descend */
    __device__ __forceinline__ R rank(int64_t row, int64_t i) const
    {
        return rank_of<T>::of(x[row * size + i]) ^ flip;
    }
    __device__ __forceinline__ void write(int64_t row, int64_t k, uint32_t position) const
    {
        values[row * kept + k] = x[row * size + position];
        indices[row * kept + k] = position;
    }
};

/* ---- In shared memory ---- */

/* Sorts every `length` (a power of two) of the block's `count` records. */
template <typename K> __device__ void sort_records(K *records, int count, int length)
{
    for (int run = 2; run <= length; run *= 2)
        for (int apart = run / 2; apart > 0; apart /= 2) {
            __syncthreads();
            for (int pair = static_cast<int>(threadIdx.x); pair < count / 2; pair += TYI_THREADS) {
                int low = pair / apart * 2 * apart + pair % apart, high = low + apart;
                bool ascends = ((low % length) & run) == 0 || run == length;
                K a = records[low], b = records[high];
                if (ascends ? b < a : a < b) {
                    records[low] = b;
                    records[high] = a;
                }
            }
        }
    __syncthreads();
}

/* Rows of up to `length`, the power of two above their size; `together` of them in a block. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS) sort_small(const job<T> j, int length, int together)
{
    typedef typename rank_of<T>::type R;
    typedef record<R> K;
    __shared__ __align__(16) unsigned char room[SMALL * sizeof(K)];
    K *records = reinterpret_cast<K *>(room);
    const int count = length * together, size = static_cast<int>(j.size), kept = static_cast<int>(j.kept);
    for (int64_t first = (int64_t)blockIdx.x * together; first < j.rows; first += (int64_t)gridDim.x * together) {
        for (int k = static_cast<int>(threadIdx.x); k < count; k += TYI_THREADS) {
            int64_t row = first + k / length;
            int i = k % length;
            bool there = row < j.rows && i < size;
            records[k] =
                there ? K::make(j.rank(row, i), static_cast<uint32_t>(i)) : K::make(static_cast<R>(~R(0)), ~0u);
        }
        sort_records(records, count, length);
        for (int k = static_cast<int>(threadIdx.x); k < kept * together; k += TYI_THREADS) {
            int64_t row = first + k / kept;
            if (row < j.rows)
                j.write(row, k % kept, records[k / kept * length + k % kept].position());
        }
        __syncthreads();
    }
}

/* ---- The first few of long rows ---- */

/* Finds the rank of the row's element number j.kept, digit by digit from the highest; `ties` is how many of that rank
 * are wanted. All threads of the block call it. */
template <typename T>
__device__ typename rank_of<T>::type select_rank(const job<T> &j, int64_t row, unsigned *counts, uint32_t *ties)
{
    typedef typename rank_of<T>::type R;
    __shared__ R found;
    __shared__ uint32_t wanted;
    R known = 0;
    if (threadIdx.x == 0) {
        found = 0;
        wanted = static_cast<uint32_t>(j.kept);
    }
    for (int shift = rank_of<T>::bits - 8; shift >= 0; shift -= 8) {
        for (int k = static_cast<int>(threadIdx.x); k < 256; k += TYI_THREADS)
            counts[k] = 0;
        __syncthreads();
        R prefix = found;
        for (int64_t i = threadIdx.x; i < j.size; i += TYI_THREADS) {
            R rank = j.rank(row, i);
            if ((rank & known) == prefix)
                atomicAdd(&counts[rank >> shift & 255], 1u);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            unsigned digit = 0;
            while (counts[digit] < wanted)
                wanted -= counts[digit++];
            found = prefix | static_cast<R>(digit) << shift;
        }
        known |= static_cast<R>(255) << shift;
        __syncthreads();
    }
    *ties = wanted;
    return found;
}

/* Adds to *taken for every thread that says `mine`, in the order of the threads, and gives each its number. */
__device__ uint32_t number_of(bool mine, unsigned *counts, uint32_t *taken)
{
    const unsigned warp = threadIdx.x / TYI_WARP, lane = threadIdx.x % TYI_WARP;
    unsigned votes = __ballot_sync(0xffffffffu, mine), before = *taken, all = 0;
    if (lane == 0)
        counts[warp] = static_cast<unsigned>(__popc(votes));
    __syncthreads();
    for (unsigned w = 0; w < WARPS; w++) {
        before += w < warp ? counts[w] : 0;
        all += counts[w];
    }
    __syncthreads();
    *taken += all;
    return before + static_cast<unsigned>(__popc(votes & ((1u << lane) - 1)));
}

template <typename T> __global__ void __launch_bounds__(TYI_THREADS) select_few(const job<T> j, int length)
{
    typedef typename rank_of<T>::type R;
    typedef record<R> K;
    __shared__ __align__(16) unsigned char room[SMALL * sizeof(K)];
    __shared__ unsigned counts[256];
    K *records = reinterpret_cast<K *>(room);
    const uint32_t kept = static_cast<uint32_t>(j.kept);
    for (int64_t row = blockIdx.x; row < j.rows; row += gridDim.x) {
        uint32_t ties, less = 0, equal = 0; /* equal among all threads of the block */
        R last = select_rank(j, row, counts, &ties);
        for (int k = static_cast<int>(threadIdx.x + kept); k < length; k += TYI_THREADS)
            records[k] = K::make(static_cast<R>(~R(0)), ~0u);
        for (int64_t first = 0; first < j.size && (less < kept - ties || equal < ties); first += TYI_THREADS) {
            int64_t i = first + threadIdx.x;
            R rank = i < j.size ? j.rank(row, i) : static_cast<R>(~R(0));
            bool is_less = i < j.size && rank < last, is_equal = i < j.size && rank == last;
            uint32_t a = number_of(is_less, counts, &less), b = number_of(is_equal, counts, &equal);
            if (is_less)
                records[a] = K::make(rank, static_cast<uint32_t>(i));
            if (is_equal && b < ties)
                records[kept - ties + b] = K::make(rank, static_cast<uint32_t>(i));
        }
        sort_records(records, length, length);
        for (uint32_t k = threadIdx.x; k < kept; k += TYI_THREADS)
            j.write(row, k, records[k].position());
        __syncthreads();
    }
}

/* ---- By radix sort ---- */

/* Keys of `rows` rows from `first` on, and the numbers of their elements. with_row: the row's number stands above the
 * rank. */
template <typename T, typename K>
__global__ void __launch_bounds__(TYI_THREADS)
    make_keys(const job<T> j, int64_t first, int64_t rows, bool with_row, K *keys, uint32_t *numbers)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= rows * j.size)
        return;
    int64_t row = i / j.size;
    K rank = static_cast<K>(j.rank(first + row, i - row * j.size));
    if constexpr (rank_of<T>::bits < static_cast<int>(8 * sizeof(K)))
        rank |= with_row ? static_cast<K>(row) << rank_of<T>::bits : 0;
    keys[i] = rank;
    numbers[i] = static_cast<uint32_t>(i);
}

__global__ void __launch_bounds__(TYI_THREADS) rows_of(const uint32_t *numbers, int64_t n, int64_t size, uint32_t *rows)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i < n)
        rows[i] = static_cast<uint32_t>(numbers[i] / size);
}

template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    write_sorted(const job<T> j, int64_t first, int64_t rows, const uint32_t *numbers)
{
    int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x;
    if (i >= rows * j.kept)
        return;
    int64_t row = i / j.kept, k = i - row * j.kept;
    j.write(first + row, k, static_cast<uint32_t>(numbers[row * j.size + k] - row * j.size));
}

/* Sorts rows from `first` on with keys of type K; the numbers of the sorted elements come into `numbers`. */
template <typename T, typename K> ty_status sort_by(const job<T> &j, int64_t first, int64_t rows, tyi_scratch &numbers)
{
    int64_t n = rows * j.size;
    size_t count = static_cast<size_t>(n);
    bool with_row = rows > 1 && rank_of<T>::bits <= 32;
    int bits = rank_of<T>::bits + (with_row ? tyi_bits_of(static_cast<uint64_t>(rows - 1)) : 0);
    tyi_scratch keys, sorted, unsorted;
    TYI_TRY(keys.allocate(count * sizeof(K)));
    TYI_TRY(sorted.allocate(count * sizeof(K)));
    TYI_TRY(unsorted.allocate(count * sizeof(uint32_t)));
    TYI_TRY(numbers.allocate(count * sizeof(uint32_t)));
    TYI_TRY(tyi_launch("sort", make_keys<T, K>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, j, first, rows, with_row,
                       keys.as<K>(), unsorted.as<uint32_t>()));
    return tyi_sort_pairs(keys.as<K>(), sorted.as<K>(), unsorted.as<uint32_t>(), numbers.as<uint32_t>(), n, bits);
}

template <typename T> ty_status sort_some(const job<T> &j, int64_t first, int64_t rows)
{
    constexpr int BITS = rank_of<T>::bits;
    int64_t n = rows * j.size;
    unsigned blocks = tyi_blocks(n, TYI_THREADS);
    tyi_scratch numbers, by_row, ids, sorted_ids;
    if (BITS <= 32 && BITS + (rows > 1 ? tyi_bits_of(static_cast<uint64_t>(rows - 1)) : 0) <= 32) {
        if constexpr (BITS <= 32)
            TYI_TRY((sort_by<T, uint32_t>(j, first, rows, numbers)));
    } else {
        TYI_TRY((sort_by<T, uint64_t>(j, first, rows, numbers)));
    }
    tyi_scratch *result = &numbers;
    if (BITS == 64 && rows > 1) {
        TYI_TRY(by_row.allocate(static_cast<size_t>(n) * sizeof(uint32_t)));
        TYI_TRY(ids.allocate(static_cast<size_t>(n) * sizeof(uint32_t)));
        TYI_TRY(sorted_ids.allocate(static_cast<size_t>(n) * sizeof(uint32_t)));
        TYI_TRY(
            tyi_launch("sort", rows_of, blocks, TYI_THREADS, 0, numbers.as<uint32_t>(), n, j.size, ids.as<uint32_t>()));
        TYI_TRY(tyi_sort_pairs(ids.as<uint32_t>(), sorted_ids.as<uint32_t>(), numbers.as<uint32_t>(),
                               by_row.as<uint32_t>(), n, tyi_bits_of(static_cast<uint64_t>(rows - 1))));
        result = &by_row;
    }
    return tyi_launch("sort", write_sorted<T>, tyi_blocks(rows * j.kept, TYI_THREADS), TYI_THREADS, 0, j, first, rows,
                      result->as<uint32_t>());
}

int power_above(int64_t n)
{
    int power = 1;
    while (power < n)
        power *= 2;
    return power;
}

template <typename T> ty_status sort_rows(const tyi_sort_args *args, bool few)
{
    typedef typename rank_of<T>::type R;
    job<T> j = {static_cast<const T *>(args->x),
                static_cast<T *>(args->values),
                args->indices,
                args->rows,
                args->size,
                args->kept,
                args->descending ? static_cast<R>(static_cast<R>(~R(0)) >> (8 * sizeof(R) - rank_of<T>::bits)) : R(0)};
    if (args->size <= SMALL) {
        int length = power_above(args->size), together = length < 512 ? 512 / length : 1;
        return tyi_launch("sort", sort_small<T>, tyi_blocks(args->rows, together), TYI_THREADS, 0, j, length, together);
    }
    if (few && args->kept <= SMALL && args->kept <= args->size / 4 && args->size <= TYI_MOST_SORTED &&
        (args->size <= 65536 || args->rows * 4 >= tyi_multiprocessors()))
        return tyi_launch("topk", select_few<T>, tyi_blocks(args->rows, 1), TYI_THREADS, 0, j, power_above(args->kept));
    if (args->size > TYI_MOST_SORTED)
        return tyi_host.fail(TY_ERROR_VALUE, "sort: rows of %lld elements; on CUDA at most 2^32 - 1 are possible",
                             static_cast<long long>(args->size));
    /* As many rows at a time as the scratch memory of some 2^28 elements allows. */
    int64_t most = (INT64_C(1) << 28) / args->size, some = most > 0 ? most : 1;
    for (int64_t first = 0; first < args->rows; first += some)
        TYI_TRY(sort_some(j, first, args->rows - first < some ? args->rows - first : some));
    return TY_OK;
}

ty_status run(const char *name, const tyi_sort_args *args, bool few)
{
    if (args->rows * args->size == 0 || args->kept == 0)
        return TY_OK;
    TYI_ANY_DTYPE(args->dtype, name, [&](auto zero) { return sort_rows<decltype(zero)>(args, few); });
}

} // namespace

ty_status tyi_cuda_sort(const tyi_sort_args *args)
{
    return run("sort", args, false);
}

ty_status tyi_cuda_topk(const tyi_sort_args *args)
{
    return run("topk", args, true);
}
