/*
 * Hostile files: cut short at every byte, with every byte changed, pickles made by hand to make the reader overflow,
 * recurse, multiply or reach outside of memory, and allocations that fail. Each must be an error; the sanitizers and
 * the bound on memory say whether it was a clean one.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>

#include "io/pickle.h"
#include "io/value.h"
#include "io_values.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* ---- Reading a pickle that lies in memory ---- */

typedef struct bytes {
    const unsigned char *at;
    size_t left;
} bytes;

static size_t read_bytes(void *context, void *to, size_t count)
{
    bytes *b = context;
    if (count > b->left)
        count = b->left;
    memcpy(to, b->at, count);
    b->at += count;
    b->left -= count;
    return count;
}

/* Storages of up to 1 MB, all zero. */
static tyi_storage *give_storage(void *context, const char *key, size_t length, ty_dtype dtype, int64_t numel)
{
    (void)context, (void)key, (void)length;
    if (numel > 1 << 17)
        return tyi_fail(TY_ERROR_IO, "too large for the test");
    tyi_storage *s = tyi_storage_new((size_t)numel * ty_dtype_size(dtype), TY_DEVICE_CPU);
    if (s)
        memset(s->data, 0, s->bytes);
    return s;
}

static ty_value *unpickle(const void *pickle, size_t length)
{
    bytes b = {pickle, length};
    tyi_pickle_source source = {.read = read_bytes, .context = &b, .left = length};
    return tyi_pickle_read("x.pt", &source, give_storage, NULL);
}

static void refused(const char *part, const void *pickle, size_t length)
{
    ty_value *v = unpickle(pickle, length);
    if (v)
        fail_msg("a pickle was read where \"%s\" was expected", part);
    assert_int_equal(ty_error_what(), TY_ERROR_IO);
    if (!strstr(ty_error(), part))
        fail_msg("the message \"%s\" lacks \"%s\"", ty_error(), part);
}
#define REFUSED(part, literal) refused(part, literal, sizeof literal - 1)

/* ---- Broken files ---- */

static const char *const files[] = {"tensors", "tied", "legacy_plain", "legacy_views", "number", "protocol4"};

static void test_cut_short_at_each_byte(void **state)
{
    (void)state;
    const char *path = in_folder("cut.pt");
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        size_t length;
        unsigned char *whole = slurp(golden(files[f]), &length);
        assert_non_null(whole);
        for (size_t n = 0; n < length; n++) {
            spill(path, whole, n);
            ty_value *v = ty_load(path);
            if (v)
                fail_msg("%s cut to %zu bytes was read", files[f], n);
            assert_int_equal(ty_error_what(), TY_ERROR_IO);
        }
        free(whole);
    }
}

static void test_each_byte_changed(void **state)
{
    (void)state;
    static const unsigned char flips[] = {0x01, 0xff};
    const char *path = in_folder("flipped.pt");
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        size_t length;
        unsigned char *whole = slurp(golden(files[f]), &length);
        assert_non_null(whole);
        for (size_t i = 0; i < length * 2; i++) {
            whole[i / 2] ^= flips[i % 2];
            spill(path, whole, length);
            ty_value_free(ty_load(path));
            whole[i / 2] ^= flips[i % 2];
        }
        free(whole);
    }
}

/* Random changes of pickles: unlike in an archive, no checksum stops them. */
static void test_random_pickles(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        ty_value *v = ty_load(golden(files[f]));
        assert_non_null(v);
        tyi_pickle p;
        assert_int_equal(tyi_pickle_write(&p, v), TY_OK);
        ty_value_free(v);
        unsigned char *changed = malloc(p.length);
        for (int round = 0; round < 3000; round++) {
            memcpy(changed, p.bytes, p.length);
            for (int i = 0; i < 1 + round % 4; i++) {
                random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                changed[random % p.length] = (unsigned char)(random >> 32);
            }
            ty_value_free(unpickle(changed, p.length));
        }
        free(changed);
        tyi_pickle_free(&p);
    }
}

/* ---- Pickles made by hand ---- */

#define STORAGE(numel) "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu" numel "tQ"
#define TENSOR         "\x80\2ctorch._utils\n_rebuild_tensor_v2\n("
#define TAIL           "\x89}tR."

static void test_impossible_tensors(void **state)
{
    (void)state;
    ty_value *v = unpickle(TENSOR STORAGE("K\4") "K\1K\3\x85K\1\x85" TAIL,
                           sizeof(TENSOR STORAGE("K\4") "K\1K\3\x85K\1\x85" TAIL) - 1);
    assert_non_null(v);
    assert_int_equal(ty_storage_offset(v->tensor), 1);
    ty_value_free(v);
    REFUSED("outside of its storage", TENSOR STORAGE("K\4") "K\2K\3\x85K\1\x85" TAIL);
    REFUSED("outside of its storage", TENSOR STORAGE("K\4") "K\0K\3\x85K\2\x85" TAIL);
    REFUSED("outside of its storage", TENSOR STORAGE("K\4") "K\0K\2K\2\x86K\2\x85" TAIL);
    REFUSED("outside of its storage", TENSOR STORAGE("K\4") "J\xff\xff\xff\xffK\1\x85K\1\x85" TAIL);
    REFUSED("outside of its storage",
            TENSOR STORAGE("K\4") "\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7fK\2\x85K\1\x85" TAIL);
    REFUSED("outside of its storage",
            TENSOR STORAGE("K\4") "K\0K\3\x85\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f\x85" TAIL);
    REFUSED("outside of its storage", TENSOR STORAGE("K\4") "K\5K\0\x85K\1\x85" TAIL);
    REFUSED("shape that is none", TENSOR STORAGE("K\4") "K\0J\xff\xff\xff\xff\x85K\1\x85" TAIL);
    REFUSED("shape that is none", TENSOR STORAGE("K\4") "K\0K\3\x85J\xff\xff\xff\xff\x85" TAIL);
    REFUSED("shape that is none", TENSOR STORAGE("K\4") "K\0N\x85K\1\x85" TAIL);
    REFUSED("17 dimensions",
            TENSOR STORAGE("K\4") "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1K\1tK\1\x85" TAIL);
    REFUSED("impossible size", TENSOR STORAGE("J\xff\xff\xff\xff") "K\0K\3\x85K\1\x85" TAIL);
    REFUSED("impossible size", TENSOR STORAGE("\x8a\10\xff\xff\xff\xff\xff\xff\xff\x7f") "K\0K\3\x85K\1\x85" TAIL);
    REFUSED("without a storage", TENSOR "K\1K\0K\3\x85K\1\x85" TAIL);
    REFUSED("two sizes", "\x80\2]" STORAGE("K\4") "a" STORAGE("K\5") "a.");
    REFUSED("requires_grad that is no boolean", TENSOR STORAGE("K\4") "K\0K\3\x85K\1\x85K\1}tR.");
    /* sizes that only overflow when they are multiplied; the kind of this error is the shape check's own */
    const char huge[] =
        TENSOR STORAGE("K\4") "K\0\x8a\10\0\0\0\0\0\0\0\x10\x8a\10\0\0\0\0\0\0\0\x10\x86K\0K\0\x86" TAIL;
    assert_null(unpickle(huge, sizeof huge - 1));
}

static void test_machine_keeps_its_stack(void **state)
{
    (void)state;
    REFUSED("a value is missing", "\x80\2.");
    REFUSED("a value is missing", "\x80\2(.");
    REFUSED("a value is missing", "\x80\2K\1(\x85.");
    REFUSED("a value is missing", "\x80\2K\1a.");
    REFUSED("a value is missing", "\x80\2(e.");
    REFUSED("a value is missing", "\x80\2(u.");
    REFUSED("a value is missing", "\x80\0020.");
    REFUSED("a value is missing", "\x80\0022.");
    REFUSED("a value is missing", "\x80\2q\0.");
    REFUSED("a value is missing", "\x80\2R.");
    REFUSED("a value is missing", "\x80\2Nb.");
    REFUSED("a mark is missing", "\x80\2K\1t.");
    REFUSED("a mark is missing", "\x80\0021.");
    REFUSED("a mark is left over", "\x80\2((0N1N(N.");
    REFUSED("values for something that holds none", "\x80\2NNa.");
    REFUSED("values for something that holds none", "\x80\2](K\1K\2u.");
    REFUSED("a key without an item", "\x80\2}(K\1u.");
    REFUSED("a key without an item", "\x80\2(K\1d.");
    REFUSED("key that cannot be one", "\x80\2}]K\1s.");
    REFUSED("never given", "\x80\2h\0.");
    REFUSED("memo number out of range", "\x80\2Nr\xff\xff\xff\xff.");
    REFUSED("never given", "\x80\2Nq\3h\2.");
    REFUSED("inside a string", "\x80\2X\xff\xff\xff\xff.");
    REFUSED("inside a string", "\x80\4\x8d\xff\xff\xff\xff\xff\xff\xff\xff.");
    REFUSED("inside a number", "\x80\2\x8b\xff\xff\xff\xff.");
    REFUSED("ends too early", "\x80\2N");
    REFUSED("ends too early", "");
    REFUSED("name without an end", "\x80\2cos\0\n.");
    REFUSED("protocol 1;", "\x80\1N.");
    REFUSED("protocol 6;", "\x80\6N.");
    REFUSED("opcode 0x69", "\x80\2i.");
    REFUSED("class without a name", "\x80\4K\1K\2\x93.");
    REFUSED("call of something that is no class", "\x80\2N)R.");
    REFUSED("call without arguments", "\x80\2ctorch\nSize\nNR.");
    REFUSED("not described as PyTorch does", "\x80\2NQ.");
    REFUSED("holds the class torch.Size itself", "\x80\2ctorch\nSize\n.");
    REFUSED("attributes of something that has none", "\x80\2N}b.");
}

static void test_nothing_is_executed(void **state)
{
    (void)state;
    REFUSED("class os.system", "\x80\2cos\nsystem\nX\4\0\0\0true\x85R.");
    REFUSED("class builtins.eval", "\x80\2c__builtin__\neval\nX\1\0\0\0001\x85R.");
    REFUSED("class builtins.getattr", "\x80\4\x8c\10builtins\x8c\7getattr\x93.");
    REFUSED("class torch.load", "\x80\2ctorch\nload\n.");
    REFUSED("class ???.x", "\x80\2c\1\2\3\nx\n.");
}

static void test_sharing_does_not_multiply(void **state)
{
    (void)state;
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    /* forty lists, each twice the one before; each is put at its own number */
    unsigned char pickle[1024] = {0x80, 2, ']', 'q', 0};
    size_t n = 5;
    for (unsigned char i = 0; i < 40; i++) {
        const unsigned char twice[] = {']', '(', 'h', i, 'h', i, 'e', 'q', (unsigned char)(i + 1)};
        memcpy(pickle + n, twice, sizeof twice);
        n += sizeof twice;
    }
    pickle[n++] = '.';
    refused("unfold into far more", pickle, n);
    /* one long list, copied and copied */
    size_t length = 200000;
    unsigned char *copies = malloc(length * 2);
    static const char start[] = "\x80\2ctorch\nSize\nq\0000](";
    memcpy(copies, start, sizeof start - 1);
    n = sizeof start - 1;
    memset(copies + n, 'N', 50000);
    n += 50000;
    copies[n++] = 'e';
    copies[n++] = 'q';
    copies[n++] = 1;
    while (n + 8 < length) {
        memcpy(copies + n, "h\0h\1\x85R", 6);
        n += 6;
    }
    copies[n++] = '.';
    refused("unfold into far more", copies, n);
    free(copies);
    getrusage(RUSAGE_SELF, &after);
    if (!SANITIZED)
        assert_true(after.ru_maxrss - before.ru_maxrss < 400 << 10);
}

static void test_depth_and_cycles(void **state)
{
    (void)state;
    REFUSED("contains itself", "\x80\2]q\0h\0a.");
    REFUSED("contains itself", "\x80\2}q\0K\1h\0s.");
    REFUSED("contains itself", "\x80\2]q\0h\0\x85\x85\x85"
                               "a.");
    size_t depth = 2000000;
    unsigned char *pickle = malloc(2 * depth + 16);
    memset(pickle, ']', depth);
    memset(pickle + depth, 'a', depth - 1);
    pickle[2 * depth - 1] = '.';
    refused("in one another", pickle, 2 * depth);
    memset(pickle, '(', depth);
    memset(pickle + depth, 't', depth);
    pickle[2 * depth] = '.';
    refused("in one another", pickle, 2 * depth + 1);
    free(pickle);
}

/* ---- Allocations that fail ---- */

#if !SANITIZED && defined __GLIBC__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

extern char __executable_start, etext;

/* Blocks that the code under test allocated and has not freed; those of other libraries, which are not all as careful
 * when memory runs out, are left out. A hash table with linear probing. */
#define SLOTS 65536
static void *blocks[SLOTS];
static bool counting; /* only here: other tests hold more blocks than the table */
static long allocations_left = -1, live;

static bool allocation_fails(void)
{
    if (allocations_left > 0)
        allocations_left--;
    return allocations_left == 0;
}

static size_t slot_of(const void *p)
{
    return (size_t)((uintptr_t)p * 0x9e3779b97f4a7c15u >> 48) % SLOTS;
}

static void *note(void *p, const void *caller)
{
    if (!p || !counting || (const char *)caller < &__executable_start || (const char *)caller > &etext)
        return p;
    size_t i = slot_of(p);
    while (blocks[i])
        i = (i + 1) % SLOTS;
    blocks[i] = p;
    live++;
    return p;
}

static void forget(const void *p)
{
    size_t i = slot_of(p);
    while (blocks[i] && blocks[i] != p)
        i = (i + 1) % SLOTS;
    if (!p || !blocks[i])
        return;
    live--;
    /* Those behind it move up, so that no search stops at the gap. */
    for (size_t gap = i, next = (i + 1) % SLOTS;; next = (next + 1) % SLOTS) {
        if (!blocks[next] || (slot_of(blocks[next]) + SLOTS - gap - 1) % SLOTS >= (next + SLOTS - gap) % SLOTS) {
            if (!blocks[next]) {
                blocks[gap] = NULL;
                return;
            }
            blocks[gap] = blocks[next];
            gap = next;
        }
    }
}

void *malloc(size_t size)
{
    return note(allocation_fails() ? NULL : __libc_malloc(size), __builtin_return_address(0));
}

void *calloc(size_t count, size_t size)
{
    return note(allocation_fails() ? NULL : __libc_calloc(count, size), __builtin_return_address(0));
}

void *realloc(void *old, size_t size)
{
    void *p = allocation_fails() ? NULL : __libc_realloc(old, size);
    if (p)
        forget(old);
    return note(p, __builtin_return_address(0));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return note(allocation_fails() ? NULL : __libc_memalign(alignment, size), __builtin_return_address(0));
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    *p = note(allocation_fails() ? NULL : __libc_memalign(alignment, size), __builtin_return_address(0));
    return *p ? 0 : ENOMEM;
}

void free(void *p)
{
    forget(p);
    __libc_free(p);
}

/* One save and one load, with the n-th allocation failing; true when nothing failed. */
static bool save_and_load(const ty_value *v, const char *name, long n)
{
    allocations_left = n;
    ty_status saved = ty_save(v, in_folder("memory.pt"));
    allocations_left = n;
    ty_value *back = ty_load(golden(name));
    allocations_left = -1;
    bool whole = saved == TY_OK && back;
    if (saved != TY_OK || !back)
        assert_true(ty_error()[0] != 0);
    ty_value_free(back);
    ty_empty_cache();
    return whole;
}

static void test_each_allocation_failing(void **state)
{
    (void)state;
    static const char *const names[] = {"tied", "legacy"};
    for (size_t f = 0; f < 2; f++) {
        ty_value *v = ty_load(golden("optimizer"));
        assert_non_null(v);
        assert_true(save_and_load(v, names[f], -1));
        counting = true;
        long before = live;
        bool whole = false;
        for (long n = 1; !whole && n < 20000; n++) {
            whole = save_and_load(v, names[f], n);
            if (live != before)
                fail_msg("%ld blocks leaked when allocation %ld failed: %s", live - before, n, ty_error());
        }
        counting = false;
        assert_true(whole);
        ty_value_free(v);
    }
}
#else
static void test_each_allocation_failing(void **state)
{
    (void)state;
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_short_at_each_byte),
        cmocka_unit_test(test_each_byte_changed),
        cmocka_unit_test(test_random_pickles),
        cmocka_unit_test(test_impossible_tensors),
        cmocka_unit_test(test_machine_keeps_its_stack),
        cmocka_unit_test(test_nothing_is_executed),
        cmocka_unit_test(test_sharing_does_not_multiply),
        cmocka_unit_test(test_depth_and_cycles),
        cmocka_unit_test(test_each_allocation_failing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
