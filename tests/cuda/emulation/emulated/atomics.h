// Atomic operations of device code, and loads and stores with a cache hint. Threads are fibers of one OS thread that
// change hands only at barriers, so each operation is plain. The overloads are CUDA's and no more: what nvcc refuses
// fails here as well.
#ifndef EMULATED_ATOMICS_H
#define EMULATED_ATOMICS_H

#define EMULATED_ATOMIC(name, type, expression)                                                                        \
    static inline type name(type *at, type value)                                                                      \
    {                                                                                                                  \
        type old = *at;                                                                                                \
        *at = (expression);                                                                                            \
        return old;                                                                                                    \
    }
#define EMULATED_ATOMIC_INTEGERS(name, expression)                                                                     \
    EMULATED_ATOMIC(name, int, expression)                                                                             \
    EMULATED_ATOMIC(name, unsigned, expression)                                                                        \
    EMULATED_ATOMIC(name, unsigned long long, expression)
EMULATED_ATOMIC(atomicAdd, int, (int)((unsigned)old + (unsigned)value))
EMULATED_ATOMIC(atomicAdd, unsigned, old + value)
EMULATED_ATOMIC(atomicAdd, unsigned long long, old + value)
EMULATED_ATOMIC(atomicAdd, float, old + value)
EMULATED_ATOMIC(atomicAdd, double, old + value)
EMULATED_ATOMIC(atomicSub, int, (int)((unsigned)old - (unsigned)value))
EMULATED_ATOMIC(atomicSub, unsigned, old - value)
EMULATED_ATOMIC_INTEGERS(atomicMax, old < value ? value : old)
EMULATED_ATOMIC(atomicMax, long long, old < value ? value : old)
EMULATED_ATOMIC_INTEGERS(atomicMin, value < old ? value : old)
EMULATED_ATOMIC(atomicMin, long long, value < old ? value : old)
EMULATED_ATOMIC_INTEGERS(atomicAnd, old &value)
EMULATED_ATOMIC_INTEGERS(atomicOr, old | value)
EMULATED_ATOMIC_INTEGERS(atomicXor, old ^ value)
EMULATED_ATOMIC_INTEGERS(atomicExch, value)
EMULATED_ATOMIC(atomicExch, float, value)
EMULATED_ATOMIC(atomicInc, unsigned, old >= value ? 0 : old + 1)
EMULATED_ATOMIC(atomicDec, unsigned, old == 0 || old > value ? value : old - 1)
#undef EMULATED_ATOMIC_INTEGERS
#undef EMULATED_ATOMIC

#define EMULATED_COMPARE_AND_SWAP(type)                                                                                \
    static inline type atomicCAS(type *at, type expected, type value)                                                  \
    {                                                                                                                  \
        type old = *at;                                                                                                \
        if (old == expected) {                                                                                         \
            *at = value;                                                                                               \
        }                                                                                                              \
        return old;                                                                                                    \
    }
EMULATED_COMPARE_AND_SWAP(int)
EMULATED_COMPARE_AND_SWAP(unsigned)
EMULATED_COMPARE_AND_SWAP(unsigned long long)
EMULATED_COMPARE_AND_SWAP(unsigned short)
#undef EMULATED_COMPARE_AND_SWAP

#define EMULATED_LOAD(name)                                                                                            \
    template <typename T> static inline T name(const T *from)                                                          \
    {                                                                                                                  \
        return *from;                                                                                                  \
    }
#define EMULATED_STORE(name)                                                                                           \
    template <typename T> static inline void name(T *to, T value)                                                      \
    {                                                                                                                  \
        *to = value;                                                                                                   \
    }
EMULATED_LOAD(__ldg)
EMULATED_LOAD(__ldcg)
EMULATED_LOAD(__ldca)
EMULATED_LOAD(__ldcs)
EMULATED_LOAD(__ldlu)
EMULATED_LOAD(__ldcv)
EMULATED_STORE(__stwb)
EMULATED_STORE(__stcg)
EMULATED_STORE(__stcs)
EMULATED_STORE(__stwt)
#undef EMULATED_LOAD
#undef EMULATED_STORE

#endif
