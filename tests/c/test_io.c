/*
 * Files: what is saved comes back, what PyTorch wrote is read, a failed save leaves the old file, IDX, checksums,
 * downloads. Hostile files are in test_io_hostile.c. `test_io write FOLDER` writes samples instead, for
 * tests/golden/check_files.py.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "io/value.h"
#include "io_values.h"

#define assert_message(part)                                                                                           \
    do {                                                                                                               \
        if (!strstr(ty_error(), part))                                                                                 \
            fail_msg("the message \"%s\" lacks \"%s\"", ty_error(), part);                                             \
    } while (0)

/* ---- Samples: the counterparts of make_files.py ---- */

static ty_value *sample_plain(void)
{
    return list(
        TY_DICT, text("none"), nil(), text("true"), boolean(true), text("false"), boolean(false), text("ints"),
        list(TY_LIST, integer(0), integer(1), integer(255), integer(256), integer(65535), integer(65536), integer(-1),
             integer(-129), integer(INT32_MAX), integer(INT32_MIN), integer((int64_t)INT32_MAX + 1), integer(INT64_MAX),
             integer(INT64_MIN), NULL),
        text("floats"),
        list(TY_LIST, number(0), number(-0.0), number(1.5), number(1e308), number(5e-324), number(INFINITY),
             number(-INFINITY), number(NAN), NULL),
        text("text"),
        list(
            TY_LIST, text(""), text("h\u00e9llo \u2713 \U0001f600"), ty_value_string("a\0b", 3),
            text(
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            NULL),
        text("bytes"), list(TY_LIST, ty_value_string("ab\0\xff", 4), ty_value_string("\x80", 1), NULL), text("tuples"),
        list(TY_LIST, list(TY_TUPLE, NULL), list(TY_TUPLE, integer(1), NULL),
             list(TY_TUPLE, integer(1), integer(2), NULL), list(TY_TUPLE, integer(1), integer(2), integer(3), NULL),
             list(TY_TUPLE, integer(1), integer(2), integer(3), integer(4), NULL), NULL),
        text("nested"),
        list(TY_DICT, text("a"),
             list(TY_LIST,
                  list(TY_DICT, text("b"),
                       list(TY_LIST, list(TY_LIST, NULL), list(TY_DICT, NULL), list(TY_LIST, list(TY_LIST, NULL), NULL),
                            NULL),
                       NULL),
                  NULL),
             NULL),
        text("keys"),
        list(TY_DICT, integer(1), text("one"), number(2.5), text("two and a half"), nil(), text("none"),
             list(TY_TUPLE, integer(1), text("a"), NULL), text("tuple"), boolean(false), text("false"), NULL),
        NULL);
}

static ty_value *sample_tensors(void)
{
    ty_value *v = ty_value_new(TY_DICT);
    v->ordered = true;
    static const bool bits[6] = {false, true, false, true, false, true};
    ty_tensor *counted = RAMP(2, 3);
    for (int dtype = 0; dtype < TY_DTYPE_COUNT; dtype++)
        ty_value_append(v, text(ty_dtype_name((ty_dtype)dtype)),
                        owned(dtype == TY_BOOL ? ty_from_data(bits, SHAPE(2, 3), TY_BOOL)
                                               : ty_to(counted, (ty_dtype)dtype, TY_DEVICE_CPU, true)));
    ty_release(counted);
    ty_value_append(v, text("scalar"), owned(ty_from_data(&(float){2.5f}, 0, NULL, TY_FLOAT32)));
    ty_value_append(v, text("empty"), owned(RAMP(0, 4)));
    ty_value *grad = owned(RAMP(2)), *weight = owned(RAMP(2, 2)), *frozen = owned(RAMP(3));
    ty_set_requires_grad(grad->tensor, true);
    ty_set_requires_grad(weight->tensor, true);
    weight->parameter = frozen->parameter = true;
    ty_value_append(v, text("grad"), grad);
    ty_value_append(v, text("weight"), weight);
    ty_value_append(v, text("frozen"), frozen);
    return v;
}

static ty_value *sample_views(void)
{
    ty_tensor *base = RAMP(4, 6), *long_ramp = RAMP(1000);
    ty_value *v = list(TY_LIST, ty_value_tensor(base), owned(ty_as_strided(base, SHAPE(6, 4), (int64_t[]){1, 6}, 0)),
                       owned(ty_as_strided(base, SHAPE(2, 3), (int64_t[]){6, 2}, 6)),
                       owned(ty_as_strided(base, SHAPE(6), (int64_t[]){1}, 12)),
                       owned(ty_as_strided(base, SHAPE(5), (int64_t[]){0}, 7)),
                       owned(ty_as_strided(long_ramp, SHAPE(2), (int64_t[]){1}, 500)), ty_value_tensor(base), NULL);
    ty_release(base);
    ty_release(long_ramp);
    return v;
}

/* ---- Round trips ---- */

static ty_value *round_trip(const ty_value *v)
{
    const char *path = in_folder("round_trip.pt");
    if (ty_save(v, path) != TY_OK)
        fail_msg("%s", ty_error());
    ty_value *back = ty_load(path);
    if (!back)
        fail_msg("%s", ty_error());
    return back;
}

static void test_values_come_back(void **state)
{
    (void)state;
    ty_value *(*const samples[])(void) = {sample_plain, sample_tensors, sample_views};
    for (size_t i = 0; i < 3; i++) {
        ty_value *v = samples[i](), *back = round_trip(v);
        assert_true(same(v, back));
        ty_value_free(v);
        ty_value_free(back);
    }
    ty_value *alone[] = {nil(),       boolean(false), integer(-7),        number(0.1),
                         text("one"), owned(RAMP(3)), list(TY_LIST, NULL)};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        ty_value *back = round_trip(alone[i]);
        assert_true(same(alone[i], back));
        ty_value_free(alone[i]);
        ty_value_free(back);
    }
}

static void test_memory_stays_shared(void **state)
{
    (void)state;
    ty_value *v = sample_views(), *back = round_trip(v);
    for (size_t i = 1; i < 5; i++)
        assert_true(ty_shares_storage(back->items[0]->tensor, back->items[i]->tensor));
    assert_false(ty_shares_storage(back->items[0]->tensor, back->items[5]->tensor));
    assert_ptr_equal(back->items[0]->tensor, back->items[6]->tensor);
    assert_int_equal(ty_storage_bytes(back->items[5]->tensor), 4000);
    assert_int_equal(ty_storage_offset(back->items[5]->tensor), 500);
    struct stat stat_;
    assert_int_equal(stat(in_folder("round_trip.pt"), &stat_), 0);
    assert_true(stat_.st_size < 4096 + 4000);
    ty_value_free(v);
    ty_value_free(back);
}

static void test_one_tensor_as_parameter_and_plainly(void **state)
{
    (void)state;
    ty_tensor *x = RAMP(3);
    ty_value *v = list(TY_LIST, ty_value_tensor(x), ty_value_tensor(x), NULL);
    v->items[1]->parameter = true;
    ty_value *back = round_trip(v);
    assert_false(back->items[0]->parameter);
    assert_true(back->items[1]->parameter);
    assert_true(ty_shares_storage(back->items[0]->tensor, back->items[1]->tensor));
    ty_value_free(v);
    ty_value_free(back);
    ty_release(x);
}

static void test_many_tensors(void **state)
{
    (void)state;
    ty_value *v = ty_value_new(TY_DICT);
    for (int i = 0; i < 1000; i++) {
        char key[32];
        snprintf(key, sizeof key, "layer%d.weight", i);
        ty_value_append(v, text(key), owned(RAMP(i % 7, 2)));
    }
    ty_value *back = round_trip(v);
    assert_true(same(v, back));
    ty_value_free(v);
    ty_value_free(back);
}

static ty_value *nest(int depth)
{
    ty_value *v = list(TY_LIST, NULL);
    for (int i = 1; i < depth; i++)
        v = i % 3 == 0   ? list(TY_TUPLE, v, NULL)
            : i % 3 == 1 ? list(TY_DICT, text("k"), v, NULL)
                         : list(TY_LIST, v, NULL);
    return v;
}

static void test_deep_nesting(void **state)
{
    (void)state;
    ty_value *v = nest(TYI_VALUE_DEPTH), *back = round_trip(v);
    assert_true(same(v, back));
    ty_value_free(v);
    ty_value_free(back);
    v = nest(TYI_VALUE_DEPTH + 1);
    assert_int_equal(ty_save(v, in_folder("deep.pt")), TY_FAIL);
    assert_message("save: value");
    assert_message("does it contain itself?");
    ty_value_free(v);
    /* far deeper than the C stack */
    ty_value_free(nest(1000000));
}

static void test_storages_are_aligned(void **state)
{
    (void)state;
    ty_value *v = list(TY_LIST, owned(RAMP(5)), owned(RAMP(33)), owned(RAMP(7)), NULL), *back = round_trip(v);
    size_t length;
    unsigned char *bytes = slurp(in_folder("round_trip.pt"), &length);
    for (size_t i = 0; i < 3; i++) {
        ty_tensor *x = v->items[i]->tensor;
        size_t size = (size_t)ty_numel(x) * 4, found = 0;
        for (size_t at = 0; at + size <= length; at += 64)
            found += memcmp(bytes + at, ty_data(x), size) == 0;
        assert_true(found >= 1);
    }
    free(bytes);
    ty_value_free(v);
    ty_value_free(back);
}

static void test_equal_values_make_equal_files(void **state)
{
    (void)state;
    ty_value *v = sample_tensors();
    assert_int_equal(ty_save(v, in_folder("a.pt")), TY_OK);
    assert_int_equal(ty_save(v, in_folder("b.pt")), TY_OK);
    size_t a_length, b_length;
    unsigned char *a = slurp(in_folder("a.pt"), &a_length), *b = slurp(in_folder("b.pt"), &b_length);
    assert_int_equal(a_length, b_length);
    assert_memory_equal(a, b, a_length);
    free(a);
    free(b);
    ty_value_free(v);
}

static void test_bad_values_are_named(void **state)
{
    (void)state;
    ty_value *v = list(TY_DICT, text("opt"),
                       list(TY_LIST, integer(1), list(TY_DICT, list(TY_LIST, NULL), integer(2), NULL), NULL), NULL);
    assert_int_equal(ty_save(v, in_folder("bad.pt")), TY_FAIL);
    assert_message("save: value[\"opt\"][1][...]: a key must be");
    ty_value_free(v);
    assert_int_equal(ty_value_append(NULL, NULL, integer(1)), TY_FAIL);
    ty_value *whole = integer(1);
    assert_int_equal(ty_value_append(whole, NULL, integer(1)), TY_FAIL);
    assert_message("only a list");
    ty_value_free(whole);
    ty_value *d = ty_value_new(TY_DICT);
    assert_int_equal(ty_value_append(d, NULL, integer(1)), TY_FAIL);
    assert_message("needs a key");
    ty_value_free(d);
    ty_value_free(NULL);
    assert_int_equal(ty_save(NULL, in_folder("bad.pt")), TY_FAIL);
    assert_int_not_equal(access(in_folder("bad.pt"), F_OK), 0);
}

/* ---- Files of PyTorch ---- */

static ty_value *load_golden(const char *name)
{
    ty_value *v = ty_load(golden(name));
    if (!v)
        fail_msg("%s", ty_error());
    return v;
}

static void check_ramp(const ty_value *v, ty_dtype dtype, int64_t numel)
{
    assert_non_null(v);
    assert_int_equal(v->kind, TY_TENSOR);
    assert_int_equal(ty_dtype_of(v->tensor), dtype);
    assert_int_equal(ty_numel(v->tensor), numel);
    for (int64_t i = 0; i < numel; i++)
        assert_true(element(v->tensor, i) == (double)i);
}

static void test_reads_pytorch_tensors(void **state)
{
    (void)state;
    ty_value *v = load_golden("tensors");
    for (int dtype = TY_UINT8; dtype <= TY_FLOAT64; dtype++)
        check_ramp(get(v, ty_dtype_name((ty_dtype)dtype)), (ty_dtype)dtype, 6);
    ty_tensor *flags = get(v, "bool")->tensor;
    assert_true(element(flags, 0) == 1 && element(flags, 1) == 0 && element(flags, 2) == 1);
    assert_int_equal(ty_ndim(get(v, "scalar")->tensor), 0);
    assert_true(element(get(v, "scalar")->tensor, 0) == 2.5);
    assert_int_equal(ty_sizes(get(v, "empty")->tensor)[1], 4);
    assert_int_equal(ty_numel(get(v, "empty")->tensor), 0);
    assert_true(ty_requires_grad(get(v, "grad")->tensor));
    assert_false(ty_requires_grad(get(v, "scalar")->tensor));
    ty_value_free(v);
    v = load_golden("tensor");
    check_ramp(v, TY_FLOAT32, 4);
    ty_value_free(v);
    v = load_golden("number");
    assert_int_equal(v->integer, 42);
    ty_value_free(v);
}

static void check_views(const ty_value *v)
{
    assert_int_equal(v->count, 6);
    check_ramp(v->items[0], TY_FLOAT32, 24);
    for (size_t i = 1; i < 4; i++)
        assert_true(ty_shares_storage(v->items[0]->tensor, v->items[i]->tensor));
    assert_true(element(v->items[1]->tensor, 1) == 6);
    assert_true(element(v->items[2]->tensor, 5) == 16);
    assert_true(element(v->items[3]->tensor, 5) == 17);
    assert_int_equal(ty_strides(v->items[4]->tensor)[0], 0);
    assert_true(element(v->items[4]->tensor, 4) == 7);
    assert_true(element(v->items[5]->tensor, 1) == 501);
    assert_int_equal(ty_storage_bytes(v->items[5]->tensor), 4000);
}

static void check_plain(const ty_value *v)
{
    ty_value *ours = sample_plain();
    static const char *const keys[] = {"none", "true", "false", "ints", "floats", "text", "tuples", "nested"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!get(v, keys[i]) || !same(get(v, keys[i]), get(ours, keys[i])))
            fail_msg("%s differs", keys[i]);
    const ty_value *bytes = get(v, "bytes");
    assert_int_equal(bytes->items[0]->length, 0);
    assert_true(same(bytes->items[1], get(ours, "bytes")->items[0]));
    assert_true(same(bytes->items[2], get(ours, "bytes")->items[1]));
    const ty_value *names = get(v, "keys");
    assert_int_equal(names->count, 5);
    assert_true(same(names->keys[3], get(ours, "keys")->keys[3]));
    const ty_value *ordered = get(v, "ordered");
    assert_true(ordered->ordered);
    assert_string_equal(ordered->keys[0]->string, "z");
    assert_string_equal(ordered->keys[2]->string, "m");
    const ty_value *torch = get(v, "torch");
    assert_int_equal(torch->items[0]->kind, TY_TUPLE);
    assert_int_equal(torch->items[0]->items[1]->integer, 3);
    assert_string_equal(torch->items[1]->string, "float32");
    assert_string_equal(torch->items[2]->string, "cpu");
    assert_string_equal(torch->items[3]->string, "cuda:1");
    const ty_value *sets = get(v, "sets");
    assert_int_equal(sets->items[0]->kind, TY_LIST);
    assert_int_equal(sets->items[1]->items[0]->integer, 2);
    assert_int_equal(sets->items[2]->count, 0);
    assert_true(same(get(v, "shared")->items[0], get(v, "shared")->items[1]));
    ty_value_free(ours);
}

static void test_reads_pytorch_plain_values_and_views(void **state)
{
    (void)state;
    ty_value *v = load_golden("plain");
    check_plain(v);
    ty_value_free(v);
    v = load_golden("views");
    check_views(v);
    ty_value_free(v);
    static const char *const protocols[] = {"protocol4", "protocol5"};
    for (size_t i = 0; i < 2; i++) {
        v = load_golden(protocols[i]);
        check_plain(get(v, "plain"));
        check_views(get(v, "views"));
        ty_value_free(v);
    }
    v = load_golden("legacy_plain");
    check_plain(v);
    ty_value_free(v);
    v = load_golden("legacy_views");
    check_views(v);
    ty_value_free(v);
    v = load_golden("big_endian");
    check_ramp(v->items[0], TY_FLOAT32, 6);
    check_ramp(v->items[1], TY_INT32, 3);
    ty_value_free(v);
}

static void check_state_dict(const ty_value *v)
{
    assert_true(v->ordered);
    assert_int_equal(v->count, 9);
    assert_string_equal(v->keys[0]->string, "0.weight");
    assert_string_equal(v->keys[6]->string, "2.num_batches_tracked");
    assert_int_equal(ty_dtype_of(v->items[6]->tensor), TY_INT64);
    assert_int_equal(ty_ndim(v->items[6]->tensor), 0);
    assert_false(v->items[0]->parameter);
    assert_int_equal(ty_sizes(v->items[0]->tensor)[0], 4);
}

static void test_reads_pytorch_checkpoints(void **state)
{
    (void)state;
    ty_value *v = load_golden("state_dict");
    check_state_dict(v);
    assert_true(element(v->items[0]->tensor, 11) == 11.0 / 8);
    ty_value_free(v);
    static const char *const names[] = {"optimizer", "legacy"};
    for (size_t i = 0; i < 2; i++) {
        v = load_golden(names[i]);
        check_state_dict(get(v, "model"));
        const ty_value *adam = get(v, "optimizer"), *states = get(adam, "state"),
                       *group = get(adam, "param_groups")->items[0];
        assert_int_equal(states->count, 6);
        assert_int_equal(states->keys[5]->integer, 5);
        assert_true(element(get(states->items[0], "step")->tensor, 0) == 1);
        assert_true(fabs(element(get(states->items[1], "exp_avg")->tensor, 0) - 0.2) < 1e-6);
        assert_true(get(group, "lr")->number == 0.01);
        assert_int_equal(get(group, "betas")->kind, TY_TUPLE);
        assert_true(get(group, "betas")->items[1]->number == 0.999);
        assert_int_equal(get(group, "amsgrad")->kind, TY_TRUE_FALSE);
        assert_int_equal(get(group, "params")->items[5]->integer, 5);
        assert_int_equal(get(v, "epoch")->integer, 3);
        ty_value *back = round_trip(v);
        assert_true(same(v, back));
        ty_value_free(back);
        ty_value_free(v);
    }
}

static void test_reads_pytorch_parameters(void **state)
{
    (void)state;
    ty_value *v = load_golden("tied");
    assert_true(get(v, "encoder")->parameter && ty_requires_grad(get(v, "encoder")->tensor));
    assert_ptr_equal(get(v, "encoder")->tensor, get(v, "decoder")->tensor);
    assert_false(get(v, "data")->parameter || ty_requires_grad(get(v, "data")->tensor));
    assert_true(ty_shares_storage(get(v, "encoder")->tensor, get(v, "data")->tensor));
    assert_true(get(v, "frozen")->parameter);
    assert_false(ty_requires_grad(get(v, "frozen")->tensor));
    assert_ptr_equal(get(v, "x")->tensor, get(v, "again")->tensor);
    ty_value_free(v);
    v = load_golden("attribute");
    assert_true(v->items[0]->parameter);
    check_ramp(v->items[0], TY_FLOAT32, 2);
    ty_value_free(v);
}

static void test_refuses_what_is_not_data(void **state)
{
    (void)state;
    static const struct {
        const char *name, *message;
    } files[] = {
        {"refused_complex64", "dtype complex64"},
        {"refused_uint16", "dtype uint16"},
        {"refused_float8", "dtype float8_e4m3fn"},
        {"refused_sparse", "_rebuild_sparse_tensor"},
        {"refused_complex", "complex number"},
        {"refused_big_integer", "more than 64 bits"},
        {"refused_storage", "storage"},
        {"refused_module", "class torch.nn.modules.linear.Linear, which cannot be loaded"},
        {"refused_custom", "save a state dict instead: torch.save(model.state_dict(), path)"},
        {"refused_cyclic", "contains itself"},
        {"refused_script", "TorchScript"},
        {"refused_pickle", "plain Python pickle"},
        {"refused_compressed", "zip -0"},
        {"refused_overlap", "more bytes than the file has"},
        {"refused_duplicate", "data/0: is there twice"},
        {"missing", "missing.pt: No such file"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_null(ty_load(golden(files[i].name)));
        assert_int_equal(ty_error_what(), TY_ERROR_IO);
        assert_message(files[i].message);
        assert_message("load: ");
    }
    assert_null(ty_load(test_folder));
    assert_message("is a directory");
    assert_null(ty_load("/dev/null"));
    assert_message("not a regular file");
    assert_null(ty_load(""));
    spill(in_folder("empty"), "", 0);
    assert_null(ty_load(in_folder("empty")));
    assert_message("is empty");
}

/* ---- Atomic saving ---- */

/* Files in the folder besides `.` and `..`. */
static int count_files(const char *folder)
{
    DIR *d = opendir(folder);
    int n = -2;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void test_saving_replaces_whole_files(void **state)
{
    (void)state;
    ty_value *one = integer(1), *two = integer(2);
    mkdir(in_folder("atomic"), 0755);
    const char *path = in_folder("atomic/x.pt"), *link = in_folder("atomic/link.pt");
    mode_t mask = umask(027);
    assert_int_equal(ty_save(one, path), TY_OK);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    umask(mask);
    /* the mode of the old file is kept, whatever the umask says */
    chmod(path, 0604);
    assert_int_equal(ty_save(two, path), TY_OK);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0604);
    /* a link stays a link */
    assert_int_equal(symlink("x.pt", link), 0);
    assert_int_equal(ty_save(one, link), TY_OK);
    assert_int_equal(lstat(link, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    ty_value *back = ty_load(path);
    assert_int_equal(back->integer, 1);
    assert_int_equal(count_files(in_folder("atomic")), 2);
    ty_value_free(back);
    ty_value_free(one);
    ty_value_free(two);
}

static void test_saving_in_the_working_directory(void **state)
{
    (void)state;
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(test_folder), 0);
    ty_value *v = integer(5);
    assert_int_equal(ty_save(v, "here.pt"), TY_OK);
    ty_value *back = ty_load("here.pt");
    assert_int_equal(back->integer, 5);
    ty_value_free(back);
    ty_value_free(v);
    assert_int_equal(chdir(before), 0);
    free(before);
}

static void test_bad_targets_are_named(void **state)
{
    (void)state;
    ty_value *v = integer(1);
    assert_int_equal(ty_save(v, test_folder), TY_FAIL);
    assert_message(test_folder);
    assert_message("is a directory");
    assert_int_equal(ty_save(v, in_folder("no/such/x.pt")), TY_FAIL);
    assert_message("no/such does not exist; make it first");
    assert_int_equal(ty_save(v, "/dev/full"), TY_FAIL);
    assert_message("not a regular file");
    assert_int_equal(ty_save(v, ""), TY_FAIL);
    assert_message("empty");
    assert_int_equal(ty_save(v, in_folder("new/")), TY_FAIL);
    spill(in_folder("file"), "x", 1);
    assert_int_equal(ty_save(v, in_folder("file/x.pt")), TY_FAIL);
    assert_message("file is not a directory");
    assert_int_equal(ty_error_what(), TY_ERROR_IO);
    ty_value_free(v);
}

/* As somebody who may not write into the folder, nor over a file of another. */
static void test_no_permission(void **state)
{
    (void)state;
    ty_value *v = integer(1);
    mkdir(in_folder("closed"), 0755);
    mkdir(in_folder("open"), 0777);
    chmod(in_folder("open"), 0777);
    chmod(test_folder, 0755);
    assert_int_equal(ty_save(v, in_folder("closed/x.pt")), TY_OK);
    assert_int_equal(ty_save(v, in_folder("open/x.pt")), TY_OK);
    chmod(in_folder("open/x.pt"), 0444);
    chmod(in_folder("closed"), 0555);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && seteuid(65534) != 0)
            _exit(0);
        int wrong = ty_save(v, in_folder("closed/x.pt")) == TY_OK || !strstr(ty_error(), "Permission denied");
        wrong |= (ty_save(v, in_folder("open/x.pt")) == TY_OK || !strstr(ty_error(), "may not be replaced")) << 1;
        _exit(wrong);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(count_files(in_folder("closed")), 1);
    assert_int_equal(count_files(in_folder("open")), 1);
    chmod(in_folder("closed"), 0755);
    ty_value_free(v);
}

static void test_a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    ty_value *old = integer(1), *large = owned(RAMP(100000));
    mkdir(in_folder("full"), 0755);
    const char *path = in_folder("full/x.pt");
    assert_int_equal(ty_save(old, path), TY_OK);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    for (rlim_t most = 0; most < 400000; most = most ? most * 3 : 1) {
        limit = before;
        limit.rlim_cur = most;
        setrlimit(RLIMIT_FSIZE, &limit);
        ty_status status = ty_save(large, path);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(status, TY_FAIL);
        assert_message("x.pt: cannot be written: File too large");
        ty_value *back = ty_load(path);
        assert_non_null(back);
        assert_int_equal(back->integer, 1);
        ty_value_free(back);
        assert_int_equal(count_files(in_folder("full")), 1);
    }
    ty_interrupt();
    assert_int_equal(ty_save(large, path), TY_FAIL);
    assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
    assert_null(ty_load(path));
    assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
    ty_interrupt_clear();
    assert_int_equal(count_files(in_folder("full")), 1);
    assert_int_equal(ty_save(large, path), TY_OK);
    ty_value_free(old);
    ty_value_free(large);
}

/* ---- IDX ---- */

static void spill_idx(const char *path, bool gzip, const void *bytes, size_t length)
{
    if (!gzip) {
        spill(path, bytes, length);
        return;
    }
    gzFile f = gzopen(path, "wb");
    gzwrite(f, bytes, (unsigned)length);
    gzclose(f);
}

static void test_idx_of_each_dtype(void **state)
{
    (void)state;
    static const struct {
        unsigned char code;
        ty_dtype dtype;
        const char *values; /* -2 and 3, big-endian */
    } kinds[] = {
        {0x08, TY_UINT8, "\xfe\x03"},
        {0x09, TY_INT8, "\xfe\x03"},
        {0x0b, TY_INT16, "\xff\xfe\0\x03"},
        {0x0c, TY_INT32, "\xff\xff\xff\xfe\0\0\0\x03"},
        {0x0d, TY_FLOAT32, "\xc0\0\0\0\x40\x40\0\0"},
        {0x0e, TY_FLOAT64, "\xc0\0\0\0\0\0\0\0\x40\x08\0\0\0\0\0\0"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int gzip = 0; gzip < 2; gzip++) {
            unsigned char bytes[64] = {0, 0, kinds[i].code, 2, 0, 0, 0, 2, 0, 0, 0, 1};
            size_t size = ty_dtype_size(kinds[i].dtype);
            memcpy(bytes + 12, kinds[i].values, 2 * size);
            spill_idx(in_folder("x.idx"), gzip, bytes, 12 + 2 * size);
            ty_tensor *x = ty_load_idx(in_folder("x.idx"));
            if (!x)
                fail_msg("%s", ty_error());
            assert_int_equal(ty_dtype_of(x), kinds[i].dtype);
            assert_int_equal(ty_ndim(x), 2);
            assert_int_equal(ty_sizes(x)[0], 2);
            assert_int_equal(ty_sizes(x)[1], 1);
            assert_true(element(x, 0) == (kinds[i].dtype == TY_UINT8 ? 254 : -2));
            assert_true(element(x, 1) == 3);
            ty_release(x);
        }
}

static void test_bad_idx_files_are_named(void **state)
{
    (void)state;
    unsigned char bytes[108] = {0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 9};
    const char *path = in_folder("bad.idx");
    for (int gzip = 0; gzip < 2; gzip++) {
        for (size_t length = 0; length < 102; length++) {
            spill_idx(path, gzip, bytes, length);
            assert_null(ty_load_idx(path));
            assert_int_equal(ty_error_what(), TY_ERROR_IO);
        }
        assert_message(
            "bad.idx holds 101 bytes where its header promises 102: the file is cut short; delete it and fetch");
        spill_idx(path, gzip, bytes, 103);
        assert_null(ty_load_idx(path));
        assert_message("holds more than the 102 bytes that its header promises");
        spill_idx(path, gzip, "\x89PNG\r\n", 6);
        assert_null(ty_load_idx(path));
        assert_message("not an IDX file");
        spill_idx(path, gzip, "\0\0\x0f\1\0\0\0\1\1", 9);
        assert_null(ty_load_idx(path));
        assert_message("dtype code 0x0f");
        spill_idx(path, gzip, "\0\0\x08\x11\0\0\0\1\1", 9);
        assert_null(ty_load_idx(path));
        assert_message("17 dimensions");
        /* sizes that overflow, and sizes that would take all memory */
        spill_idx(path, gzip, "\0\0\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20);
        assert_null(ty_load_idx(path));
        spill_idx(path, gzip, "\0\0\x0e\x02\0\x0f\xff\xff\0\0\xff\xff", 12);
        assert_null(ty_load_idx(path));
        assert_message(gzip ? "compressed bytes cannot hold" : "where its header promises");
    }
    /* a gzip file cut short at each byte, then with each byte changed */
    spill_idx(path, true, bytes, 102);
    size_t length;
    unsigned char *whole = slurp(path, &length);
    for (size_t i = 0; i < length; i++) {
        spill(path, whole, i);
        assert_null(ty_load_idx(path));
    }
    for (size_t i = 0; i < length; i++) {
        whole[i] ^= 0x55;
        spill(path, whole, length);
        ty_release(ty_load_idx(path));
        whole[i] ^= 0x55;
    }
    free(whole);
    assert_null(ty_load_idx(test_folder));
    assert_message("is a directory");
    assert_null(ty_load_idx(in_folder("none.idx")));
    assert_message("No such file");
    assert_null(ty_load_idx(NULL));
}

/* ---- Checksums and downloads ---- */

static const char abc_hash[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void test_sha256(void **state)
{
    (void)state;
    char hex[TY_SHA256_HEX];
    spill(in_folder("abc"), "abc", 3);
    if (ty_sha256_file(in_folder("abc"), hex) != TY_OK)
        fail_msg("%s", ty_error());
    assert_string_equal(hex, abc_hash);
    spill(in_folder("abc"), "", 0);
    assert_int_equal(ty_sha256_file(in_folder("abc"), hex), TY_OK);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(ty_sha256_file(in_folder("none"), hex), TY_FAIL);
    assert_message("No such file");
}

static bool count_progress(void *context, uint64_t received, uint64_t total)
{
    (void)received, (void)total;
    ++*(int *)context;
    return false;
}

static bool stop_at_once(void *context, uint64_t received, uint64_t total)
{
    (void)context, (void)received, (void)total;
    return true;
}

static void test_download(void **state)
{
    (void)state;
    char url[300];
    int calls = 0;
    mkdir(in_folder("fetched"), 0755);
    const char *target = in_folder("fetched/abc");
    spill(in_folder("abc"), "abc", 3);
    snprintf(url, sizeof url, "file://%s", in_folder("abc"));
    assert_int_equal(ty_download(url, target, abc_hash, 0, NULL, NULL), TY_FAIL);
    assert_message("only https");
    assert_int_equal(ty_download("http://localhost:1/x", target, abc_hash, TY_DOWNLOAD_FILE, NULL, NULL), TY_FAIL);
    assert_message("only https");
    assert_int_equal(ty_download(url, target, "abc", TY_DOWNLOAD_FILE, NULL, NULL), TY_FAIL);
    assert_message("64 hexadecimal digits");
    char wrong[65];
    memset(wrong, 'A', 64);
    wrong[64] = 0;
    assert_int_equal(ty_download(url, target, wrong, TY_DOWNLOAD_FILE, NULL, NULL), TY_FAIL);
    assert_message("its SHA-256 is ba7816");
    assert_int_equal(ty_download(url, target, abc_hash, TY_DOWNLOAD_FILE, stop_at_once, NULL), TY_FAIL);
    assert_int_equal(ty_error_what(), TY_ERROR_INTERRUPT);
    assert_int_equal(ty_download("file:///no/such/file", target, NULL, TY_DOWNLOAD_FILE, NULL, NULL), TY_FAIL);
    assert_int_equal(ty_download("http://127.0.0.1:1/x", target, NULL, TY_DOWNLOAD_HTTP, NULL, NULL), TY_FAIL);
    assert_message("connected to the network?");
    assert_int_equal(count_files(in_folder("fetched")), 0);
    if (ty_download(url, target, abc_hash, TY_DOWNLOAD_FILE, count_progress, &calls) != TY_OK)
        fail_msg("%s", ty_error());
    assert_true(calls > 0);
    size_t length;
    unsigned char *bytes = slurp(target, &length);
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "abc", 3);
    free(bytes);
    assert_int_equal(count_files(in_folder("fetched")), 1);
}

static int write_samples(const char *folder)
{
    ty_value *(*const samples[])(void) = {sample_plain, sample_tensors, sample_views};
    static const char *const names[] = {"plain", "tensors", "views"};
    snprintf(test_folder, sizeof test_folder, "%s", folder);
    for (size_t i = 0; i < 3; i++) {
        ty_value *v = samples[i]();
        char name[32];
        snprintf(name, sizeof name, "%s.pt", names[i]);
        if (ty_save(v, in_folder(name)) != TY_OK) {
            fprintf(stderr, "%s\n", ty_error());
            return 1;
        }
        ty_value_free(v);
    }
    /* What PyTorch wrote, through our hands. */
    ty_value *v = ty_load(golden("optimizer"));
    ty_status status = ty_save(v, in_folder("optimizer.pt"));
    ty_value_free(v);
    return status == TY_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return write_samples(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_memory_stays_shared),
        cmocka_unit_test(test_one_tensor_as_parameter_and_plainly),
        cmocka_unit_test(test_many_tensors),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_storages_are_aligned),
        cmocka_unit_test(test_equal_values_make_equal_files),
        cmocka_unit_test(test_bad_values_are_named),
        cmocka_unit_test(test_reads_pytorch_tensors),
        cmocka_unit_test(test_reads_pytorch_plain_values_and_views),
        cmocka_unit_test(test_reads_pytorch_checkpoints),
        cmocka_unit_test(test_reads_pytorch_parameters),
        cmocka_unit_test(test_refuses_what_is_not_data),
        cmocka_unit_test(test_saving_replaces_whole_files),
        cmocka_unit_test(test_saving_in_the_working_directory),
        cmocka_unit_test(test_bad_targets_are_named),
        cmocka_unit_test(test_no_permission),
        cmocka_unit_test(test_a_full_disk_leaves_the_old_file),
        cmocka_unit_test(test_idx_of_each_dtype),
        cmocka_unit_test(test_bad_idx_files_are_named),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_download),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
