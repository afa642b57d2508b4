/* Files: PyTorch's, safetensors, NumPy, IDX, JSON, CSV, images; downloads. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Files ---------------------------------------------------------------------------------- */

/* Plain data of a file: what torch.save stores without executing anything. A tree; each node owns its children. */
typedef enum {
    TY_NIL,
    TY_TRUE_FALSE,
    TY_INTEGER,
    TY_NUMBER,
    TY_STRING,
    TY_TENSOR,
    TY_LIST,
    TY_TUPLE,
    TY_DICT
} ty_value_kind;
typedef struct ty_value ty_value;
struct ty_value {
    ty_value_kind kind;
    bool parameter;  /* TY_TENSOR: was a Parameter; requires_grad is on the tensor */
    bool ordered;    /* TY_DICT: an OrderedDict */
    int64_t integer; /* TY_INTEGER, TY_TRUE_FALSE */
    double number;   /* TY_NUMBER */
    char *string;    /* TY_STRING, with `length` bytes and a final 0 */
    size_t length;
    ty_tensor *tensor; /* TY_TENSOR: owned reference */
    ty_value **keys;   /* TY_DICT: `count` keys */
    ty_value **items;  /* TY_LIST, TY_TUPLE, TY_DICT: `count` items */
    size_t count, capacity;
};
ty_value *ty_value_new(ty_value_kind kind);
ty_value *ty_value_string(const char *bytes, size_t length);
ty_value *ty_value_tensor(ty_tensor *x); /* takes its own reference */
/* Appends to a list, tuple or dict (key NULL for the first two). Consumes key and item, also when it fails. */
ty_status ty_value_append(ty_value *parent, ty_value *key, ty_value *item);
void ty_value_free(ty_value *v);
/* PyTorch's zip format. Saving is atomic: the target holds its old bytes until the new ones are safe on disk. */
ty_status ty_save(const ty_value *v, const char *path);
ty_value *ty_load(const char *path);
/* The same, but an object of a class that is not data (of torch.save(model)) becomes a dict of its attributes, its
 * class under "__class__". Nothing is executed. */
ty_value *ty_load_partial(const char *path);
/* Either, with a word on where tensors go: `where` is asked for each storage with its location as the file has it,
 * "cpu" or "cuda:0", and sets *device, or fails. ty_load() leaves all in host memory. */
typedef ty_status (*ty_load_place)(void *context, const char *location, ty_device *device);
ty_value *ty_load_to(const char *path, bool partial, ty_load_place where, void *context);
/* IDX (MNIST's format), gzipped or not, as a tensor of its dtype. */
ty_tensor *ty_load_idx(const char *path);

/* NumPy's .npy, and .npz as a dict of arrays. Values in column order come as a transposed view. */
ty_tensor *ty_load_npy(const char *path);
ty_status ty_save_npy(ty_tensor *x, const char *path);
ty_value *ty_load_npz(const char *path);
ty_status ty_save_npz(const ty_value *arrays, bool compressed, const char *path);

/* JSON: whole numbers come as integers. `name` is for messages; an encoded text is freed by free(). */
ty_value *ty_load_json(const char *path);
ty_value *ty_json_decode(const char *text, size_t length, const char *name);
ty_status ty_save_json(const ty_value *v, bool indent, const char *path);
char *ty_json_encode(const ty_value *v, bool indent);

/* CSV as a dict of columns: int64, float64 (NaN where a value is missing) or bool tensors; other text as a dict with
 * int64 "codes" into its list of "classes". */
typedef struct ty_csv_options {
    char delimiter, quote;
    bool header;                /* the first row holds the names; otherwise they are "1", "2", ... */
    const char *const *missing; /* words for a missing value besides the usual ones, NULL-terminated; or NULL */
} ty_csv_options;
ty_value *ty_load_csv(const char *path, const ty_csv_options *options);
/* Writes a dict of columns, each a tensor of one dimension, a list of plain values, or a dict with codes and classes as
 * ty_load_csv() gives it. NaN and nil are written as the first of options->missing, or nothing. Atomic, as ty_save().
 */
ty_status ty_save_csv(const ty_value *columns, const ty_csv_options *options, const char *path);

/* PNG and JPEG images as uint8{channels, height, width}; {height, width} is written as grey. */
typedef enum { TY_IMAGE_UNCHANGED, TY_IMAGE_GRAY, TY_IMAGE_GRAY_ALPHA, TY_IMAGE_RGB, TY_IMAGE_RGB_ALPHA } ty_image_mode;
ty_tensor *ty_read_image(const char *path, ty_image_mode mode);
ty_tensor *ty_decode_image(const void *bytes, size_t length, ty_image_mode mode, const char *name); /* for messages */
ty_status ty_write_png(ty_tensor *x, const char *path);
ty_status ty_write_jpeg(ty_tensor *x, int quality, const char *path);

/* safetensors. An open file is mapped: a tensor's bytes are read when they are first touched, and what is written into
 * it stays in memory. Tensors live on after the close. Names are in the file's order. */
typedef struct ty_safetensors ty_safetensors;
ty_safetensors *ty_safetensors_open(const char *path);
void ty_safetensors_close(ty_safetensors *f);
size_t ty_safetensors_count(const ty_safetensors *f);
const char *ty_safetensors_name(const ty_safetensors *f, size_t i); /* NULL past the last */
ty_tensor *ty_safetensors_get(ty_safetensors *f, const char *name);
const ty_value *ty_safetensors_metadata(const ty_safetensors *f); /* a dict of strings */
/* `tensors` is a dict of names and tensors, `metadata` a dict of strings or NULL. Atomic, as ty_save(). */
ty_status ty_safetensors_save(const ty_value *tensors, const ty_value *metadata, const char *path);

/* ---- Downloads, checksums ------------------------------------------------------------------- */

#define TY_SHA256_HEX 65 /* bytes of a SHA-256 in hexadecimal, with the final 0 */

/* Told now and then during a download: bytes received so far and in all (0: not known). Returning true stops it. */
typedef bool (*ty_progress)(void *context, uint64_t received, uint64_t total);

/* URLs that ty_download() takes besides https:. */
enum {
    TY_DOWNLOAD_HTTP = 1, /* http: */
    TY_DOWNLOAD_FILE = 2, /* file: */
};

/* Fetches a URL into the file `path`, which is replaced atomically, and only when the SHA-256 of the received bytes is
 * `sha256_hex` (64 hexadecimal digits; NULL: anything is taken). Redirects are followed. `flags` 0 allows https alone;
 * `progress` may be NULL. Fails with TY_ERROR_IO (no network, an HTTP error, a wrong checksum, a full disk), or with
 * TY_ERROR_INTERRUPT when progress or ty_interrupt() stops it; the file is then as it was. */
ty_status ty_download(const char *url, const char *path, const char *sha256_hex, int flags, ty_progress progress,
                      void *context);

/* The first bytes of a regular file, at most `most`, by which formats are told apart; *got receives how many there are.
 * Waits for no FIFO. */
ty_status ty_file_start(const char *path, void *to, size_t most, size_t *got);

/* The SHA-256 of a file, in lower-case hexadecimal. */
ty_status ty_sha256_file(const char *path, char hex[TY_SHA256_HEX]);
