/*
 * Images: PNG by libpng's simplified interface, JPEG by libjpeg-turbo, as uint8 tensors {channels, height, width}
 * (torchvision.io.read_image, write_png, write_jpeg). The headers are not trusted: what they ask for is compared with
 * what the file can hold, and with a limit for all images.
 */
#include <png.h>
#include <stdlib.h>
#include <turbojpeg.h>

#include "io/atomic.h"
#include "io/file.h"
#include "ops/ops.h"

#define MOST_PIXELS   ((uint64_t)1 << 28) /* 268 million: above it a file is taken for a decompression bomb */
#define DEFLATE_RATIO 1032                /* no deflate stream unfolds by more */
#define JPEG_RATIO    4096 /* pixels to a byte: eight times those of blocks of 8 x 8 whose codes have one bit */

static const int channels_of[] = {0, 1, 2, 3, 4}; /* by ty_image_mode */

static void *refuse(const char *path, const char *what)
{
    return tyi_fail(TY_ERROR_IO, "read_image: %.400s: %s", path, what);
}

/* A tensor {height, width, channels} for a decoder to fill; NULL where the image is too large to be one. */
static ty_tensor *new_image(const char *path, uint64_t width, uint64_t height, int channels, uint64_t most)
{
    if (width == 0 || height == 0)
        return refuse(path, "its header promises no pixels; the file is damaged");
    if (width * height > MOST_PIXELS || width * height * (uint64_t)channels > most)
        return tyi_fail(
            TY_ERROR_IO,
            "read_image: %.400s: its header promises %llu x %llu pixels, more than %s; it is refused as hostile", path,
            (unsigned long long)width, (unsigned long long)height,
            width * height > MOST_PIXELS ? "any image may have" : "its bytes can unfold into");
    int64_t sizes[] = {(int64_t)height, (int64_t)width, channels};
    return tyi_new(3, sizes, TY_UINT8, TY_DEVICE_CPU);
}

/* {height, width, channels} as row-major {channels, height, width}; consumes x. */
static ty_tensor *channels_first(ty_tensor *x)
{
    int64_t dims[] = {2, 0, 1};
    ty_tensor *view = ty_permute(x, 3, dims), *dense = view ? tyi_dense(view) : NULL;
    ty_release(view);
    ty_release(x);
    return dense;
}

/* Grey values of {height, width, 3 or 4} with ITU-R 601-2 luma weights, and the alpha where it is kept; consumes x. */
static ty_tensor *to_grey(ty_tensor *x, bool alpha)
{
    int from = (int)x->sizes[2], to = alpha ? 2 : 1;
    int64_t sizes[] = {x->sizes[0], x->sizes[1], to};
    ty_tensor *grey = tyi_new(3, sizes, TY_UINT8, TY_DEVICE_CPU);
    if (grey) {
        const uint8_t *in = tyi_data(x);
        uint8_t *out = tyi_data(grey);
        for (int64_t i = 0, n = sizes[0] * sizes[1]; i < n; i++, in += from, out += to) {
            out[0] = (uint8_t)((19595u * in[0] + 38470u * in[1] + 7471u * in[2] + 32768u) >> 16);
            if (alpha)
                out[1] = from == 4 ? in[3] : 255;
        }
    }
    ty_release(x);
    return grey;
}

/* ---- PNG ---- */

static ty_tensor *decode_png(const char *path, const unsigned char *bytes, uint64_t length, ty_image_mode mode)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, length))
        return refuse(path, image.message);
    bool has_color = image.format & PNG_FORMAT_FLAG_COLOR, has_alpha = image.format & PNG_FORMAT_FLAG_ALPHA;
    if (mode == TY_IMAGE_UNCHANGED)
        mode = has_color   ? has_alpha ? TY_IMAGE_RGB_ALPHA : TY_IMAGE_RGB
               : has_alpha ? TY_IMAGE_GRAY_ALPHA
                           : TY_IMAGE_GRAY;
    bool alpha = mode == TY_IMAGE_GRAY_ALPHA || mode == TY_IMAGE_RGB_ALPHA;
    bool color = mode == TY_IMAGE_RGB || mode == TY_IMAGE_RGB_ALPHA || has_color;
    /* Transparency that is not asked for is dropped, not blended, as torchvision does: so it is read all the same. */
    bool read_alpha = alpha || has_alpha;
    image.format = color ? read_alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB : read_alpha ? PNG_FORMAT_GA : PNG_FORMAT_GRAY;
    int channels = (color ? 3 : 1) + read_alpha;
    /* A packed bit may become a byte of each channel. */
    uint64_t most = length > UINT64_MAX / DEFLATE_RATIO / 32 ? UINT64_MAX : length * DEFLATE_RATIO * 32;
    ty_tensor *x = new_image(path, image.width, image.height, channels, most);
    if (!x || !png_image_finish_read(&image, NULL, tyi_data(x), 0, NULL)) {
        if (x)
            refuse(path, image.message);
        png_image_free(&image);
        ty_release(x);
        return NULL;
    }
    if (channels == channels_of[mode])
        return channels_first(x);
    if (color && (mode == TY_IMAGE_GRAY || mode == TY_IMAGE_GRAY_ALPHA))
        return channels_first(to_grey(x, alpha));
    ty_tensor *whole = channels_first(x), *part = whole ? ty_narrow(whole, 0, 0, channels_of[mode]) : NULL;
    ty_tensor *dense = part ? tyi_dense(part) : NULL;
    ty_release(part);
    ty_release(whole);
    return dense;
}

/* ---- JPEG ---- */

static ty_tensor *decode_jpeg(const char *path, const unsigned char *bytes, uint64_t length, ty_image_mode mode)
{
    tjhandle decoder = tjInitDecompress();
    int width = 0, height = 0, sampling = 0, space = 0;
    ty_tensor *x = NULL;
    if (!decoder) {
        tyi_fail_memory(0);
        return NULL;
    }
    if (length > INT32_MAX) {
        refuse(path, "a JPEG image of more than 2 GiB");
    } else if (tjDecompressHeader3(decoder, bytes, (unsigned long)length, &width, &height, &sampling, &space) != 0) {
        refuse(path, tjGetErrorStr2(decoder));
    } else if (space == TJCS_CMYK || space == TJCS_YCCK) {
        refuse(path, "a JPEG image in printing colours (CMYK); convert it to RGB first");
    } else {
        if (mode == TY_IMAGE_UNCHANGED)
            mode = space == TJCS_GRAY ? TY_IMAGE_GRAY : TY_IMAGE_RGB;
        bool grey = mode == TY_IMAGE_GRAY || mode == TY_IMAGE_GRAY_ALPHA;
        int channels = grey ? 1 : 3;
        x = new_image(path, (uint64_t)width, (uint64_t)height, channels, length * JPEG_RATIO * (uint64_t)channels);
        if (x && tjDecompress2(decoder, bytes, (unsigned long)length, tyi_data(x), width, 0, height,
                               grey ? TJPF_GRAY : TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
            refuse(path, tjGetErrorStr2(decoder));
            ty_release(x);
            x = NULL;
        }
    }
    tjDestroy(decoder);
    if (!x || (x = channels_first(x)) == NULL || x->sizes[0] == channels_of[mode])
        return x;
    int64_t sizes[] = {1, x->sizes[1], x->sizes[2]}; /* an alpha was asked for: opaque */
    ty_tensor *alpha = ty_full(3, sizes, ty_int(255), TY_UINT8, TY_DEVICE_CPU);
    ty_tensor *parts[] = {x, alpha}, *both = alpha ? ty_cat(parts, 2, 0) : NULL;
    ty_release(alpha);
    ty_release(x);
    return both;
}

ty_tensor *ty_decode_image(const void *data, size_t length, ty_image_mode mode, const char *path)
{
    const unsigned char *bytes = data;
    if (length >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
        return decode_png(path, bytes, length, mode);
    if (length >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        return decode_jpeg(path, bytes, length, mode);
    return refuse(path,
                  length == 0 ? "the file is empty" : "neither a PNG nor a JPEG image; convert it to one of these");
}

ty_tensor *ty_read_image(const char *path, ty_image_mode mode)
{
    tyi_mapping *m = tyi_mapping_open("read_image", path);
    if (!m)
        return NULL;
    ty_tensor *x = ty_decode_image(m->bytes, m->length, mode, path);
    tyi_mapping_release(m);
    return x;
}

/* ---- Writing ---- */

/* x, {channels, height, width} or {height, width} of uint8, as row-major {height, width, channels} on the CPU. */
static ty_tensor *pixels(const char *who, ty_tensor *x, bool alpha)
{
    int64_t c = x->ndim == 3 ? x->sizes[0] : 1;
    bool known = c == 1 || c == 3 || (alpha && (c == 2 || c == 4));
    if (x->dtype != TY_UINT8 || x->ndim < 2 || x->ndim > 3 || !known || x->numel == 0)
        return tyi_fail(TY_ERROR_VALUE,
                        "%s: an image is uint8{channels, height, width} with %s channels, got %s; values from 0 to 1 "
                        "become bytes by (x * 255):byte()",
                        who, alpha ? "1 to 4" : "1 or 3", TYI_DESCRIBE(x));
    int64_t sizes[] = {c, x->sizes[x->ndim - 2], x->sizes[x->ndim - 1]}, dims[] = {1, 2, 0};
    if (sizes[1] > INT32_MAX / 8 || sizes[2] > INT32_MAX / 8)
        return tyi_fail(TY_ERROR_VALUE, "%s: %s is larger than an image file can be", who, TYI_DESCRIBE(x));
    ty_tensor *host = ty_to(x, TY_DTYPE_NONE, TY_DEVICE_CPU, false), *three = host ? ty_reshape(host, 3, sizes) : NULL;
    ty_tensor *last = three ? ty_permute(three, 3, dims) : NULL, *dense = last ? tyi_dense(last) : NULL;
    ty_release(last);
    ty_release(three);
    ty_release(host);
    return dense;
}

static ty_status write_bytes(const char *who, const char *path, const void *bytes, size_t length)
{
    tyi_atomic a;
    if (tyi_atomic_begin(&a, who, path) != TY_OK)
        return TY_FAIL;
    if (tyi_atomic_write(&a, bytes, length) == TY_OK)
        return tyi_atomic_commit(&a);
    tyi_atomic_abort(&a);
    return TY_FAIL;
}

ty_status ty_write_png(ty_tensor *x, const char *path)
{
    static const png_uint_32 formats[] = {0, PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    ty_tensor *rows = pixels("write_png", x, true);
    if (!rows)
        return TY_FAIL;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)rows->sizes[1],
                       .height = (png_uint_32)rows->sizes[0],
                       .format = formats[rows->sizes[2]]};
    png_alloc_size_t length = 0;
    void *bytes = NULL;
    ty_status status = TY_FAIL;
    if (!png_image_write_get_memory_size(image, length, 0, tyi_data(rows), 0, NULL))
        ty_fail(TY_ERROR_IO, "write_png: %.400s: %s", path, image.message);
    else if (!(bytes = malloc(length)))
        tyi_fail_memory(length);
    else if (!png_image_write_to_memory(&image, bytes, &length, 0, tyi_data(rows), 0, NULL))
        ty_fail(TY_ERROR_IO, "write_png: %.400s: %s", path, image.message);
    else
        status = write_bytes("write_png", path, bytes, length);
    free(bytes);
    ty_release(rows);
    return status;
}

ty_status ty_write_jpeg(ty_tensor *x, int quality, const char *path)
{
    if (quality < 1 || quality > 100)
        return ty_fail(TY_ERROR_VALUE, "write_jpeg: quality is from 1 to 100, got %d", quality);
    ty_tensor *rows = pixels("write_jpeg", x, false);
    if (!rows)
        return TY_FAIL;
    bool grey = rows->sizes[2] == 1;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    tjhandle encoder = tjInitCompress();
    ty_status status = TY_FAIL;
    if (!encoder)
        tyi_fail_memory(0);
    else if (tjCompress2(encoder, tyi_data(rows), (int)rows->sizes[1], 0, (int)rows->sizes[0],
                         grey ? TJPF_GRAY : TJPF_RGB, &bytes, &length, grey ? TJSAMP_GRAY : TJSAMP_420, quality,
                         0) != 0)
        ty_fail(TY_ERROR_IO, "write_jpeg: %.400s: %s", path, tjGetErrorStr2(encoder));
    else
        status = write_bytes("write_jpeg", path, bytes, length);
    tjFree(bytes);
    if (encoder)
        tjDestroy(encoder);
    ty_release(rows);
    return status;
}
