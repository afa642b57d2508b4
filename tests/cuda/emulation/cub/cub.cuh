// The parts of CUB that work on whole arrays, as plain loops on the host. As in CUB each is called twice: without
// storage it says how many bytes it wants, with storage it does the work, which a capturing stream records. The storage
// must be device memory of that size; it is overwritten, so that a buffer lent twice shows.
#ifndef EMULATED_CUB_CUH
#define EMULATED_CUB_CUH

#include "../cuda_bf16.h"
#include "../cuda_fp16.h"
#include "../cuda_runtime.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

namespace cub
{
namespace emulated_detail
{
// The two-call protocol around `work`.
template <typename Work>
cudaError_t with_storage(void *storage, size_t &bytes, size_t items, cudaStream_t stream, Work work)
{
    size_t wanted = 1024 + 8 * items;
    if (!storage) {
        bytes = wanted;
        return cudaSuccess;
    }
    if (bytes < wanted) {
        return cudaErrorInvalidValue;
    }
    return emulated::issue(stream, emulated::Kind::library, [=]() {
        if (!emulated::is_device_range(storage, wanted, "CUB: temporary storage")) {
            return cudaErrorInvalidValue;
        }
        memset(storage, 0xff, wanted);
        work();
        return cudaSuccess;
    });
}

template <typename It> using Value = typename std::iterator_traits<It>::value_type;

// Keys as unsigned numbers in the order of the radix sort: signed below zero first; reals by their bits, with both
// zeros equal and NaNs at the ends by sign.
template <typename Bits> Bits real_order(Bits bits)
{
    const Bits sign = (Bits)1 << (8 * sizeof(Bits) - 1);
    bits = bits == sign ? 0 : bits;
    return (Bits)(bits & sign ? ~bits : bits | sign);
}

template <typename Key> unsigned long long order_of(Key key)
{
    static_assert(std::is_integral<Key>::value, "keys are numbers");
    typedef typename std::make_unsigned<Key>::type Bits;
    const Bits flip = std::is_signed<Key>::value ? (Bits)1 << (8 * sizeof(Bits) - 1) : 0;
    return (Bits)((Bits)key ^ flip);
}

inline unsigned long long order_of(bool key)
{
    return key;
}

inline unsigned long long order_of(float key)
{
    return real_order<uint32_t>(emulated::bits<uint32_t>(key));
}

inline unsigned long long order_of(double key)
{
    return real_order<uint64_t>(emulated::bits<uint64_t>(key));
}

inline unsigned long long order_of(__half key)
{
    return real_order<uint16_t>(key.bits);
}

inline unsigned long long order_of(__nv_bfloat16 key)
{
    return real_order<uint16_t>(key.bits);
}

// The positions of [begin, end) in the stable order of bits [begin_bit, end_bit) of the keys.
template <typename Key>
std::vector<size_t> sorted(const Key *keys, size_t begin, size_t end, bool descending, int begin_bit, int end_bit)
{
    std::vector<unsigned long long> order(end - begin);
    std::vector<size_t> positions(end - begin);
    int width = end_bit - begin_bit;
    unsigned long long mask = width >= 64 ? ~0ull : (1ull << width) - 1;
    for (size_t i = 0; i < order.size(); i++) {
        order[i] = width <= 0 ? 0 : order_of(keys[begin + i]) >> begin_bit & mask;
        positions[i] = i;
    }
    std::stable_sort(positions.begin(), positions.end(),
                     [&](size_t i, size_t j) { return descending ? order[j] < order[i] : order[i] < order[j]; });
    return positions;
}

struct NoValue {
};

// Sorts one range; out and in may not overlap, as in CUB, but results are kept aside so that each is read whole.
template <typename Key, typename Item>
void sort_range(const Key *keys_in, Key *keys_out, const Item *items_in, Item *items_out, size_t begin, size_t end,
                bool descending, int begin_bit, int end_bit)
{
    std::vector<size_t> positions = sorted(keys_in, begin, end, descending, begin_bit, end_bit);
    std::vector<Key> keys(keys_in + begin, keys_in + end);
    for (size_t i = 0; i < positions.size(); i++) {
        keys_out[begin + i] = keys[positions[i]];
    }
    if (items_in) {
        std::vector<Item> items(items_in + begin, items_in + end);
        for (size_t i = 0; i < positions.size(); i++) {
            items_out[begin + i] = items[positions[i]];
        }
    }
}

template <typename Key, typename Item>
cudaError_t sort(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, const Item *items_in, Item *items_out,
                 size_t count, bool descending, int begin_bit, int end_bit, cudaStream_t stream)
{
    return with_storage(storage, bytes, count, stream, [=]() {
        sort_range(keys_in, keys_out, items_in, items_out, 0, count, descending, begin_bit, end_bit);
    });
}

template <typename Key, typename Item, typename Begins, typename Ends>
cudaError_t sort_segments(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, const Item *items_in,
                          Item *items_out, size_t count, size_t segments, Begins begins, Ends ends, bool descending,
                          int begin_bit, int end_bit, cudaStream_t stream)
{
    return with_storage(storage, bytes, count, stream, [=]() {
        for (size_t i = 0; i < segments; i++) {
            size_t begin = (size_t)begins[i], end = (size_t)ends[i];
            if (begin < end) {
                sort_range(keys_in, keys_out, items_in, items_out, begin, end, descending, begin_bit, end_bit);
            }
        }
    });
}
} // namespace emulated_detail

struct Sum {
    template <typename T, typename U> auto operator()(T x, U y) const
    {
        return x + y;
    }
};

struct Max {
    template <typename T> T operator()(T x, T y) const
    {
        return x < y ? y : x;
    }
};

struct Min {
    template <typename T> T operator()(T x, T y) const
    {
        return y < x ? y : x;
    }
};

struct DeviceScan {
    // As CUB's: sums are kept in the type of the input for InclusiveSum, of the first value for ExclusiveScan.
    template <typename In, typename Out, typename Op, typename Count>
    static cudaError_t InclusiveScan(void *storage, size_t &bytes, In in, Out out, Op op, Count count,
                                     cudaStream_t stream = 0)
    {
        return emulated_detail::with_storage(storage, bytes, (size_t)count, stream, [=]() {
            if (count > 0) {
                emulated_detail::Value<In> sum = in[0];
                out[0] = sum;
                for (Count i = 1; i < count; i++) {
                    sum = op(sum, in[i]);
                    out[i] = sum;
                }
            }
        });
    }

    template <typename In, typename Out, typename Op, typename First, typename Count>
    static cudaError_t ExclusiveScan(void *storage, size_t &bytes, In in, Out out, Op op, First first, Count count,
                                     cudaStream_t stream = 0)
    {
        return emulated_detail::with_storage(storage, bytes, (size_t)count, stream, [=]() {
            First sum = first;
            for (Count i = 0; i < count; i++) {
                First next = op(sum, in[i]);
                out[i] = sum;
                sum = next;
            }
        });
    }

    template <typename In, typename Out, typename Count>
    static cudaError_t InclusiveSum(void *storage, size_t &bytes, In in, Out out, Count count, cudaStream_t stream = 0)
    {
        return InclusiveScan(storage, bytes, in, out, Sum(), count, stream);
    }

    template <typename In, typename Out, typename Count>
    static cudaError_t ExclusiveSum(void *storage, size_t &bytes, In in, Out out, Count count, cudaStream_t stream = 0)
    {
        return ExclusiveScan(storage, bytes, in, out, Sum(), emulated_detail::Value<In>(), count, stream);
    }
};

struct DeviceReduce {
    template <typename In, typename Out, typename Count, typename Op, typename First>
    static cudaError_t Reduce(void *storage, size_t &bytes, In in, Out out, Count count, Op op, First first,
                              cudaStream_t stream = 0)
    {
        return emulated_detail::with_storage(storage, bytes, 1, stream, [=]() {
            First result = first;
            for (Count i = 0; i < count; i++) {
                result = op(result, in[i]);
            }
            *out = result;
        });
    }

    template <typename In, typename Out, typename Count>
    static cudaError_t Sum(void *storage, size_t &bytes, In in, Out out, Count count, cudaStream_t stream = 0)
    {
        return Reduce(storage, bytes, in, out, count, cub::Sum(), emulated_detail::Value<In>(), stream);
    }

    template <typename In, typename Out, typename Count>
    static cudaError_t Max(void *storage, size_t &bytes, In in, Out out, Count count, cudaStream_t stream = 0)
    {
        typedef emulated_detail::Value<In> Number;
        return Reduce(storage, bytes, in, out, count, cub::Max(), std::numeric_limits<Number>::lowest(), stream);
    }

    template <typename In, typename Out, typename Count>
    static cudaError_t Min(void *storage, size_t &bytes, In in, Out out, Count count, cudaStream_t stream = 0)
    {
        typedef emulated_detail::Value<In> Number;
        return Reduce(storage, bytes, in, out, count, cub::Min(), std::numeric_limits<Number>::max(), stream);
    }
};

struct DeviceSelect {
    // `chosen` is where the number of kept items goes.
    template <typename In, typename Flags, typename Out, typename Chosen, typename Count>
    static cudaError_t Flagged(void *storage, size_t &bytes, In in, Flags flags, Out out, Chosen chosen, Count count,
                               cudaStream_t stream = 0)
    {
        return emulated_detail::with_storage(storage, bytes, (size_t)count, stream, [=]() {
            Count kept = 0;
            for (Count i = 0; i < count; i++) {
                if (flags[i]) {
                    out[kept++] = in[i];
                }
            }
            *chosen = kept;
        });
    }
};

struct DeviceRadixSort {
    template <typename Key, typename Item, typename Count>
    static cudaError_t SortPairs(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, const Item *items_in,
                                 Item *items_out, Count count, int begin_bit = 0, int end_bit = 8 * sizeof(Key),
                                 cudaStream_t stream = 0)
    {
        return emulated_detail::sort(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count, false,
                                     begin_bit, end_bit, stream);
    }

    template <typename Key, typename Item, typename Count>
    static cudaError_t SortPairsDescending(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out,
                                           const Item *items_in, Item *items_out, Count count, int begin_bit = 0,
                                           int end_bit = 8 * sizeof(Key), cudaStream_t stream = 0)
    {
        return emulated_detail::sort(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count, true,
                                     begin_bit, end_bit, stream);
    }

    template <typename Key, typename Count>
    static cudaError_t SortKeys(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, Count count,
                                int begin_bit = 0, int end_bit = 8 * sizeof(Key), cudaStream_t stream = 0)
    {
        const emulated_detail::NoValue *none = nullptr;
        return emulated_detail::sort(storage, bytes, keys_in, keys_out, none, (emulated_detail::NoValue *)nullptr,
                                     (size_t)count, false, begin_bit, end_bit, stream);
    }

    template <typename Key, typename Count>
    static cudaError_t SortKeysDescending(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, Count count,
                                          int begin_bit = 0, int end_bit = 8 * sizeof(Key), cudaStream_t stream = 0)
    {
        const emulated_detail::NoValue *none = nullptr;
        return emulated_detail::sort(storage, bytes, keys_in, keys_out, none, (emulated_detail::NoValue *)nullptr,
                                     (size_t)count, true, begin_bit, end_bit, stream);
    }
};

struct DeviceSegmentedRadixSort {
    template <typename Key, typename Item, typename Begins, typename Ends>
    static cudaError_t SortPairs(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out, const Item *items_in,
                                 Item *items_out, long long count, long long segments, Begins begins, Ends ends,
                                 int begin_bit = 0, int end_bit = 8 * sizeof(Key), cudaStream_t stream = 0)
    {
        return emulated_detail::sort_segments(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count,
                                              (size_t)segments, begins, ends, false, begin_bit, end_bit, stream);
    }

    template <typename Key, typename Item, typename Begins, typename Ends>
    static cudaError_t SortPairsDescending(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out,
                                           const Item *items_in, Item *items_out, long long count, long long segments,
                                           Begins begins, Ends ends, int begin_bit = 0, int end_bit = 8 * sizeof(Key),
                                           cudaStream_t stream = 0)
    {
        return emulated_detail::sort_segments(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count,
                                              (size_t)segments, begins, ends, true, begin_bit, end_bit, stream);
    }
};

struct DeviceSegmentedSort {
    template <typename Key, typename Item, typename Begins, typename Ends>
    static cudaError_t StableSortPairs(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out,
                                       const Item *items_in, Item *items_out, long long count, long long segments,
                                       Begins begins, Ends ends, cudaStream_t stream = 0)
    {
        return emulated_detail::sort_segments(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count,
                                              (size_t)segments, begins, ends, false, 0, 8 * sizeof(Key), stream);
    }

    template <typename Key, typename Item, typename Begins, typename Ends>
    static cudaError_t StableSortPairsDescending(void *storage, size_t &bytes, const Key *keys_in, Key *keys_out,
                                                 const Item *items_in, Item *items_out, long long count,
                                                 long long segments, Begins begins, Ends ends, cudaStream_t stream = 0)
    {
        return emulated_detail::sort_segments(storage, bytes, keys_in, keys_out, items_in, items_out, (size_t)count,
                                              (size_t)segments, begins, ends, true, 0, 8 * sizeof(Key), stream);
    }
};
} // namespace cub

#endif
