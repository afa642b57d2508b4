/*
 * JSON, for configurations and results, by cJSON: texts to trees of plain data and back.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/atomic.h"
#include "io/bytes.h"
#include "io/file.h"
#include "io/value.h"

#define MOST_BYTES ((uint64_t)64 << 20) /* of a text: more belongs into tensors */

/* ---- Reading ---- */

static ty_value *from_json(const cJSON *json);

static ty_value *children(const cJSON *json, ty_value *v)
{
    const cJSON *child;
    cJSON_ArrayForEach(child, json)
    {
        ty_value *key = v && v->kind == TY_DICT ? ty_value_string(child->string, strlen(child->string)) : NULL;
        ty_value *item = v && (key || v->kind == TY_LIST) ? from_json(child) : NULL;
        if (ty_value_append(v, key, item) != TY_OK) {
            ty_value_free(v);
            return NULL;
        }
    }
    return v;
}

/* cJSON itself refuses more than CJSON_NESTING_LIMIT (1000) levels. */
static ty_value *from_json(const cJSON *json)
{
    ty_value *v;
    if (cJSON_IsObject(json))
        return children(json, ty_value_new(TY_DICT));
    if (cJSON_IsArray(json))
        return children(json, ty_value_new(TY_LIST));
    if (cJSON_IsString(json))
        return ty_value_string(json->valuestring, strlen(json->valuestring));
    if (cJSON_IsBool(json)) {
        v = ty_value_new(TY_TRUE_FALSE);
        if (v)
            v->integer = cJSON_IsTrue(json);
        return v;
    }
    if (!cJSON_IsNumber(json))
        return ty_value_new(TY_NIL);
    double number = json->valuedouble;
    bool whole = fabs(number) <= 0x1p53 && floor(number) == number;
    v = ty_value_new(whole ? TY_INTEGER : TY_NUMBER);
    if (v && whole)
        v->integer = (int64_t)number;
    else if (v)
        v->number = number;
    return v;
}

ty_value *ty_json_decode(const char *text, size_t length, const char *name)
{
    if (length > MOST_BYTES)
        return tyi_fail(TY_ERROR_IO, "load_json: %.400s is longer than 64 MB; keep numbers in tensors", name);
    if (!tyi_is_utf8(text, length))
        return tyi_fail(TY_ERROR_IO, "load_json: %.400s is not UTF-8 text", name);
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(text, length, &end, false);
    while (json && end < text + length && (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t'))
        end++;
    if (!json || end != text + length) {
        int line = 1, column = 1;
        for (const char *at = text; at < end; at++) {
            column = *at == '\n' ? 1 : column + 1;
            line += *at == '\n';
        }
        cJSON_Delete(json);
        return tyi_fail(TY_ERROR_IO, "load_json: %.400s is not JSON: line %d, column %d cannot be read", name, line,
                        column);
    }
    ty_value *v = from_json(json);
    cJSON_Delete(json);
    return v;
}

ty_value *ty_load_json(const char *path)
{
    tyi_mapping *m = tyi_mapping_open("load_json", path);
    if (!m)
        return NULL;
    ty_value *v = ty_json_decode((const char *)m->bytes, m->length, path);
    tyi_mapping_release(m);
    return v;
}

/* ---- Writing ---- */

static cJSON *to_json(const ty_value *v);

static cJSON *fail_memory(cJSON *json)
{
    cJSON_Delete(json);
    tyi_fail_memory(sizeof *json);
    return NULL;
}

/* A key as JSON has them: strings. */
static const char *key_text(const ty_value *key, char number[32])
{
    if (key->kind == TY_STRING)
        return tyi_is_utf8(key->string, key->length) && strlen(key->string) == key->length ? key->string : NULL;
    if (key->kind != TY_INTEGER)
        return NULL;
    snprintf(number, 32, "%" PRId64, key->integer);
    return number;
}

static cJSON *container(const ty_value *v)
{
    bool dict = v->kind == TY_DICT;
    cJSON *json = dict ? cJSON_CreateObject() : cJSON_CreateArray();
    for (size_t i = 0; json && i < v->count; i++) {
        char number[32];
        const char *key = dict ? key_text(v->keys[i], number) : NULL;
        if (dict && !key) {
            cJSON_Delete(json);
            return tyi_fail(TY_ERROR_VALUE, "save_json: a key is neither a string of UTF-8 nor an integer");
        }
        cJSON *item = to_json(v->items[i]);
        if (!item) {
            cJSON_Delete(json);
            return NULL;
        }
        if (!(dict ? cJSON_AddItemToObject(json, key, item) : cJSON_AddItemToArray(json, item))) {
            cJSON_Delete(item);
            return fail_memory(json);
        }
    }
    return json ? json : fail_memory(NULL);
}

/* A number keeps its digits, and a float looks like one. */
static cJSON *number(const ty_value *v)
{
    char text[TYI_NUMBER_TEXT];
    if (v->kind == TY_INTEGER) {
        snprintf(text, sizeof text, "%" PRId64, v->integer);
    } else {
        if (!isfinite(v->number))
            return tyi_fail(TY_ERROR_VALUE, "save_json: JSON has no infinity and no NaN");
        tyi_number_text(text, v->number, false);
    }
    cJSON *json = cJSON_CreateRaw(text);
    return json ? json : fail_memory(NULL);
}

static cJSON *to_json(const ty_value *v)
{
    cJSON *json = NULL;
    switch (v->kind) {
    case TY_NIL:
        json = cJSON_CreateNull();
        break;
    case TY_TRUE_FALSE:
        json = cJSON_CreateBool(v->integer != 0);
        break;
    case TY_INTEGER:
    case TY_NUMBER:
        return number(v);
    case TY_STRING:
        if (!tyi_is_utf8(v->string, v->length) || strlen(v->string) != v->length)
            return tyi_fail(TY_ERROR_VALUE, "save_json: the string \"%s\" is not UTF-8 text",
                            tyi_quote_bytes(v->string, v->length).s);
        json = cJSON_CreateString(v->string);
        break;
    case TY_TENSOR:
        return tyi_fail(TY_ERROR_VALUE,
                        "save_json: JSON holds no tensors; save %s as numbers by x:totable(), or use ty.save",
                        TYI_DESCRIBE(v->tensor));
    case TY_LIST:
    case TY_TUPLE:
    case TY_DICT:
        return container(v);
    }
    return json ? json : fail_memory(NULL);
}

char *ty_json_encode(const ty_value *v, bool indent)
{
    if (!v)
        return NULL;
    cJSON *json = to_json(v);
    char *text = !json ? NULL : indent ? cJSON_Print(json) : cJSON_PrintUnformatted(json);
    if (json && !text)
        tyi_fail_memory(0);
    cJSON_Delete(json);
    return text;
}

ty_status ty_save_json(const ty_value *v, bool indent, const char *path)
{
    char *text = ty_json_encode(v, indent);
    tyi_atomic a;
    if (!text || tyi_atomic_begin(&a, "save_json", path) != TY_OK) {
        free(text);
        return TY_FAIL;
    }
    ty_status status = tyi_atomic_write(&a, text, strlen(text));
    if (status == TY_OK)
        status = tyi_atomic_write(&a, "\n", 1);
    free(text);
    if (status == TY_OK)
        return tyi_atomic_commit(&a);
    tyi_atomic_abort(&a);
    return TY_FAIL;
}
