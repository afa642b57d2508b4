/*
 * Instruction sets: which of the compiled-in kernel variants this processor runs, and the names that a kernel file
 * compiled once per instruction set gives to what it defines. Such a file is compiled with -DTYI_ISA=_v2, _v3 and _v4
 * beside -march=x86-64-v2, -v3 and -v4; on other architectures once, with -DTYI_ISA=_base. This header knows nothing of
 * the kernels.
 */
#ifndef TYI_ISA_H
#define TYI_ISA_H

/* The instruction set to use: 0 is base or x86-64-v2 (SSE4.2), 1 is v3 (AVX2, FMA), 2 is v4 (AVX-512 F, BW, CD, DQ,
 * VL). It is the best one that the processor and the system support, or a lower one when the environment variable
 * TYCHO_ISA says so (base, v2, v3 or v4; anything else is ignored). Decided on the first call, for good. */
int tyi_cpu_isa(void);

#if defined(__x86_64__)
#define TYI_ISA_COUNT 3
#else
#define TYI_ISA_COUNT 1
#endif

#ifdef TYI_ISA
#define TYI_ISA_JOIN_(name, suffix) name##suffix
#define TYI_ISA_JOIN(name, suffix)  TYI_ISA_JOIN_(name, suffix)
#define TYI_ISA_NAME(name)          TYI_ISA_JOIN(name, TYI_ISA) /* tyi_add -> tyi_add_v3 */
#endif

/* Declares `type name` under the name of each compiled variant. */
#if defined(__x86_64__)
#define TYI_ISA_DECLARE(type, name, arguments)                                                                         \
    type name##_v2 arguments;                                                                                          \
    type name##_v3 arguments;                                                                                          \
    type name##_v4 arguments
/* The variants as the initialiser of an array that tyi_cpu_isa() indexes. */
#define TYI_ISA_TABLE(name)                                                                                            \
    {                                                                                                                  \
        name##_v2, name##_v3, name##_v4                                                                                \
    }
#else
#define TYI_ISA_DECLARE(type, name, arguments) type name##_base arguments
#define TYI_ISA_TABLE(name)                                                                                            \
    {                                                                                                                  \
        name##_base                                                                                                    \
    }
#endif

/* Bytes of the widest vectors that the instruction set being compiled for computes with. */
#if defined(__AVX512F__)
#define TYI_VECTOR_BYTES 64
#elif defined(__AVX__)
#define TYI_VECTOR_BYTES 32
#else
#define TYI_VECTOR_BYTES 16
#endif

#endif
