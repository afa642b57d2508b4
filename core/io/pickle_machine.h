/*
 * Inside the pickle reader: its machine and its objects, shared by pickle_read.c (opcodes, stack, the tree) and
 * pickle_classes.c (the classes and functions a stream may name) and pickle_foreign.c (those it may not). For these
 * files only.
 */
#ifndef TYI_PICKLE_MACHINE_H
#define TYI_PICKLE_MACHINE_H

#include "io/map.h"
#include "io/pickle.h"

typedef enum {
    O_NONE,
    O_BOOL,
    O_INT,
    O_BIG_INT,
    O_FLOAT,
    O_STRING,
    O_LIST,
    O_TUPLE,
    O_DICT,
    O_TENSOR,
    O_STORAGE,
    O_GLOBAL,
    O_FOREIGN /* a class that is not data; in a partial load alone */
} tyi_object_kind;

typedef enum {
    G_ORDERED_DICT,
    G_DICT,
    G_DEFAULT_DICT,
    G_LIST,
    G_TUPLE,
    G_SET,
    G_BYTES,
    G_ENCODE,
    G_SIZE,
    G_DEVICE,
    G_CLASS,
    G_DTYPE,
    G_STORAGE,
    G_BYTE_STORAGE,
    G_REBUILD_TENSOR,
    G_REBUILD_TENSOR_V2,
    G_REBUILD_TENSOR_V3,
    G_REBUILD_PARAMETER,
    G_REBUILD_FROM_TYPE
} tyi_global_kind;

/* What a stream may name. dtype: of a storage class; TY_DTYPE_NONE where tensors of that dtype do not exist here. */
typedef struct tyi_global {
    const char *module, *name;
    tyi_global_kind kind;
    ty_dtype dtype;
    const char *dtype_name; /* of a storage class or a dtype */
} tyi_global;

typedef struct tyi_object tyi_object;
struct tyi_object {
    tyi_object_kind kind;
    bool ordered;   /* O_DICT */
    bool parameter; /* O_TENSOR */
    bool instance;  /* O_DICT: stands for an object of a class that is not data */
    bool busy;      /* being turned into a tree: meeting it again is a cycle */
    union {
        int64_t integer;
        double number;
        struct {
            char *bytes;
            size_t length;
        } string;
        struct {
            tyi_object **items; /* of a dict: key, item, key, item ... */
            size_t count, room;
        } list;
        ty_tensor *tensor;
        struct {
            tyi_storage *storage; /* owned by the machine's list */
            const tyi_global *class;
            int64_t offset; /* elements */
        } storage;
        const tyi_global *global;
        tyi_object *foreign; /* its name, as a string */
    };
};

#define BLOCK_OBJECTS 128
typedef struct tyi_object_block {
    struct tyi_object_block *next;
    size_t used;
    tyi_object objects[BLOCK_OBJECTS];
} tyi_object_block;

typedef struct tyi_loaded_storage {
    tyi_storage *storage;
    ty_dtype dtype;
} tyi_loaded_storage;

typedef struct tyi_machine {
    const char *path;
    tyi_pickle_source *source;
    uint64_t consumed;
    tyi_object **stack;
    size_t depth, stack_room;
    size_t *marks; /* heights of the stack where a MARK lies */
    size_t mark_count, mark_room;
    tyi_object **memo;
    size_t memo_count, memo_room;
    tyi_object_block *blocks;
    tyi_pickle_storage load;
    void *load_context;
    tyi_loaded_storage *storages;
    size_t storage_count, storage_room;
    tyi_map storage_keys;
    uint64_t budget; /* bytes that the tree may still take */
} tyi_machine;

/* ---- What pickle_read.c lends to pickle_classes.c ---- */

/* "load: PATH: ...". */
ty_status tyi_machine_refuse(const tyi_machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "load: PATH: the file is damaged: WHAT at byte N of its pickle". */
ty_status tyi_machine_damaged(const tyi_machine *m, const char *what);
/* Takes what is about to be copied out of the budget: short opcodes that repeat something long must not multiply it. */
ty_status tyi_machine_pay(tyi_machine *m, uint64_t bytes);
/* A new object that lives as long as the machine; NULL after setting the error. */
tyi_object *tyi_machine_make(tyi_machine *m, tyi_object_kind kind);
/* Pushes; passes NULL on as a failure. */
ty_status tyi_machine_push(tyi_machine *m, tyi_object *o);
tyi_object *tyi_machine_pop(tyi_machine *m);
/* Appends to a list, a tuple or (key and item, one after the other) a dict. */
ty_status tyi_machine_add(tyi_object *list, tyi_object *o);
/* Room for one more in an array; *room is in elements. */
ty_status tyi_machine_widen(void **array, size_t count, size_t *room, size_t size);

/* ---- What pickle_classes.c lends to pickle_read.c ---- */

/* Pushes a class or function of the table; refuses all others by their names. */
ty_status tyi_machine_push_global(tyi_machine *m, const char *module, const char *name);
/* Calls one of them and pushes the result. */
ty_status tyi_machine_call(tyi_machine *m, const tyi_object *function, tyi_object **args, size_t count);
/* ---- pickle_foreign.c: classes that are not data, when the source says `partial` ---- */

ty_status tyi_foreign_push_class(tyi_machine *m, const char *module, const char *name);
/* Pushes what stands for a new object; args is a tuple. */
ty_status tyi_foreign_call(tyi_machine *m, const tyi_object *class, tyi_object *args);
/* Gives it the attributes that BUILD has. */
ty_status tyi_foreign_build(tyi_machine *m, tyi_object *o, tyi_object *state);
/* The list of what it holds as a sequence; NULL after setting the error, or where there can be none. */
tyi_object *tyi_foreign_items(tyi_machine *m, tyi_object *o);

/* BINPERSID: takes a storage's description off the stack and pushes the storage, loaded when it is first met. */
ty_status tyi_machine_persistent(tyi_machine *m);

#endif
