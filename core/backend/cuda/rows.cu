/*
 * Rows of a table: sums of rows by index, which embeddings and their gradients are, and the largest elements of bags.
 *
 * Sums without `to` are one row each. With it, the entries are sorted by where they go (a radix sort, which keeps the
 * order of equals), so that each row of the result is added up by itself, in the order of the indices as on the CPU.
 * Only rows of more than LONG entries are added up by several threads side by side, whose sums are joined in a fixed
 * order. No atomics: results repeat.
 */
#include <cub/cub.cuh>

#include "backend/cuda/block.cuh"
#include "backend/cuda/kernels.h"
#include "backend/cuda/memory.cuh"

namespace
{

constexpr int64_t LONG = 256;
constexpr int WIDTH = TYI_WARP, DEPTH = TYI_THREADS / TYI_WARP; /* of a block that adds up a long row */

template <typename T>
__device__ __forceinline__ T entry(const tyi_rows_args &a, int64_t i, int64_t from, int64_t column)
{
    const T x = static_cast<const T *>(a.x)[from * a.width + column];
    return a.factor ? static_cast<const T *>(a.factor)[i] * x : x;
}

/* Row i of the result is row from[i], or nothing. */
template <typename T> __global__ void __launch_bounds__(TYI_THREADS) take_rows(const tyi_rows_args a)
{
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS, n = a.rows * a.width;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < n; e += step) {
        const int64_t i = e / a.width;
        const int64_t from = i >= a.count ? -1 : a.from ? a.from[i] : i;
        static_cast<T *>(a.out)[e] = from < 0 ? 0 : entry<T>(a, i, from, e - i * a.width);
    }
}

/* keys[i]: where entry i goes, `rows` when nowhere; places[i] = i. */
__global__ void __launch_bounds__(TYI_THREADS)
    make_keys(const tyi_rows_args a, uint64_t *keys, int64_t *places, int *fault)
{
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; i < a.count; i += step) {
        const int64_t to = a.to[i];
        if (to >= a.rows && fault)
            *fault = TYI_FAULT_INDEX;
        const bool counts = to >= 0 && to < a.rows && (!a.from || a.from[i] >= 0);
        keys[i] = static_cast<uint64_t>(counts ? to : a.rows);
        places[i] = i;
    }
}

/* begins[r]: the first sorted entry of row r or a later one; begins[rows]: that of those that go nowhere. */
__global__ void __launch_bounds__(TYI_THREADS)
    find_begins(const uint64_t *keys, int64_t count, int64_t rows, int64_t *begins)
{
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t i = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; i <= count; i += step) {
        const int64_t before = i ? (int64_t)keys[i - 1] : -1, own = i < count ? (int64_t)keys[i] : rows;
        for (int64_t r = before + 1; r <= own; r++)
            begins[r] = i;
    }
}

/* Teams of `lanes` threads: a row each, but those of more than LONG entries. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    add_rows(const tyi_rows_args a, const int64_t *places, const int64_t *begins, int lanes)
{
    const int teams = TYI_THREADS / lanes, lane = (int)threadIdx.x % lanes, team = (int)threadIdx.x / lanes;
    for (int64_t row = (int64_t)blockIdx.x * teams + team; row < a.rows; row += (int64_t)gridDim.x * teams) {
        const int64_t begin = begins[row], end = begins[row + 1];
        if (end - begin > LONG)
            continue;
        for (int64_t column = lane; column < a.width; column += lanes) {
            T sum = 0;
            for (int64_t k = begin; k < end; k++) {
                const int64_t i = places[k];
                sum += entry<T>(a, i, a.from ? a.from[i] : i, column);
            }
            static_cast<T *>(a.out)[row * a.width + column] = sum;
        }
    }
}

/* Of every LONG sorted entries a block looks whether the first one's row is long, and begins among them. */
template <typename T>
__global__ void __launch_bounds__(TYI_THREADS)
    add_long_rows(const tyi_rows_args a, const uint64_t *keys, const int64_t *places, const int64_t *begins)
{
    __shared__ T shared[TYI_THREADS];
    const int64_t at = (int64_t)blockIdx.x * LONG, row = (int64_t)keys[at];
    if (row >= a.rows)
        return;
    const int64_t begin = begins[row], end = begins[row + 1];
    if (end - begin <= LONG || at - begin >= LONG)
        return;
    const int depth = (int)threadIdx.x / WIDTH;
    for (int64_t first = (int64_t)blockIdx.y * WIDTH; first < a.width; first += (int64_t)gridDim.y * WIDTH) {
        const int64_t column = first + threadIdx.x % WIDTH;
        T sum = 0;
        for (int64_t k = begin + depth; column < a.width && k < end; k += DEPTH) {
            const int64_t i = places[k];
            sum += entry<T>(a, i, a.from ? a.from[i] : i, column);
        }
        shared[threadIdx.x] = sum;
        __syncthreads();
        if (depth == 0 && column < a.width) {
            for (int k = 1; k < DEPTH; k++)
                sum += shared[k * WIDTH + threadIdx.x];
            static_cast<T *>(a.out)[row * a.width + column] = sum;
        }
        __syncthreads();
    }
}

/* Entries in the order of where they go. */
class sorted_entries
{
  public:
    ty_status make(const tyi_rows_args *a)
    {
        const size_t n = (size_t)a->count, bytes = n * sizeof(int64_t);
        const int grid = (int)tyi_blocks(a->count + 1, TYI_THREADS);
        int bits = 1;
        while (bits < 64 && a->rows >> bits)
            bits++;
        TYI_TRY(unsorted.allocate(2 * bytes));
        TYI_TRY(sorted.allocate(2 * bytes));
        TYI_TRY(rows.allocate((size_t)(a->rows + 1) * sizeof(int64_t)));
        uint64_t *from = unsorted.as<uint64_t>(), *to = sorted.as<uint64_t>();
        int64_t *places_from = unsorted.as<int64_t>() + n, *places_to = sorted.as<int64_t>() + n;
        TYI_TRY(tyi_launch(name, make_keys, grid, TYI_THREADS, 0, *a, from, places_from, tyi_fault_word()));
        size_t size = 0;
        TYI_CUDA_TRY(cub::DeviceRadixSort::SortPairs(nullptr, size, from, to, places_from, places_to, a->count, 0, bits,
                                                     tyi_current_stream()),
                     name);
        TYI_TRY(room.allocate(size));
        TYI_CUDA_TRY(cub::DeviceRadixSort::SortPairs(room.as<void>(), size, from, to, places_from, places_to, a->count,
                                                     0, bits, tyi_current_stream()),
                     name);
        keys = to, places = places_to, begins = rows.as<int64_t>();
        return tyi_launch(name, find_begins, grid, TYI_THREADS, 0, keys, a->count, a->rows, rows.as<int64_t>());
    }
    const uint64_t *keys = nullptr;
    const int64_t *places = nullptr, *begins = nullptr;
    static constexpr const char *name = "a sum of rows";

  private:
    tyi_scratch unsorted, sorted, rows, room;
};

template <typename T> ty_status sum_rows(const tyi_rows_args *a)
{
    const int64_t n = a->rows * a->width;
    const char *name = sorted_entries::name;
    if (!a->to)
        return tyi_launch(name, take_rows<T>, tyi_blocks(n, TYI_THREADS), TYI_THREADS, 0, *a);
    if (a->count == 0) {
        TYI_CUDA_TRY(cudaMemsetAsync(a->out, 0, (size_t)n * sizeof(T), tyi_current_stream()), name);
        return TY_OK;
    }
    sorted_entries entries;
    TYI_TRY(entries.make(a));
    const int lanes = tyi_power_of_two(a->width, TYI_THREADS);
    TYI_TRY(tyi_launch(name, add_rows<T>, tyi_blocks(a->rows, TYI_THREADS / lanes), TYI_THREADS, 0, *a, entries.places,
                       entries.begins, lanes));
    if (a->count <= LONG)
        return TY_OK;
    const int64_t across = tyi_cover(a->width, WIDTH);
    const dim3 grid(tyi_blocks(a->count, LONG), (unsigned)(across < 64 ? across : 64));
    return tyi_launch(name, add_long_rows<T>, grid, TYI_THREADS, 0, *a, entries.keys, entries.places, entries.begins);
}

template <typename T> __global__ void __launch_bounds__(TYI_THREADS) largest_of_bags(const tyi_bag_max_args a)
{
    const T *x = static_cast<const T *>(a.x);
    const int64_t step = (int64_t)gridDim.x * TYI_THREADS;
    for (int64_t e = (int64_t)blockIdx.x * TYI_THREADS + threadIdx.x; e < a.bags * a.width; e += step) {
        const int64_t bag = e / a.width, column = e - bag * a.width, end = a.begin[bag + 1];
        int64_t best = -1;
        T most = 0;
        for (int64_t i = a.begin[bag]; i < end; i++) {
            const int64_t row = a.index[i];
            if (row < 0)
                continue;
            const T v = x[row * a.width + column];
            if (best < 0 || v > most) {
                best = row;
                most = v;
            }
        }
        a.out[e] = best;
    }
}

template <typename T> ty_status bag_max(const tyi_bag_max_args *a)
{
    return tyi_launch("embedding_bag", largest_of_bags<T>, tyi_blocks(a->bags * a->width, TYI_THREADS), TYI_THREADS, 0,
                      *a);
}

} // namespace

ty_status tyi_cuda_sum_rows(const tyi_rows_args *args)
{
    if (args->rows * args->width == 0)
        return TY_OK;
    switch (args->dtype) {
    case TY_FLOAT32:
        return sum_rows<float>(args);
    case TY_FLOAT64:
        return sum_rows<double>(args);
    default:
        return tyi_no_kernel("sum_rows", args->dtype);
    }
}

ty_status tyi_cuda_bag_max(const tyi_bag_max_args *args)
{
    switch (args->dtype) {
    case TY_FLOAT32:
        return bag_max<float>(args);
    case TY_FLOAT64:
        return bag_max<double>(args);
    default:
        return tyi_no_kernel("bag_max", args->dtype);
    }
}
