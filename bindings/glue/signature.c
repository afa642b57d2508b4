/*
 * Compiles the text of a signature. A hand-written reader: the language is a list of `name: kind`, and a wrong row is
 * found by the test that walks the table.
 */
#include "signature.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *said;
} kinds[TYB_KINDS] = {
    [TYB_TENSOR] = {"Tensor", "a tensor"},
    [TYB_OPERAND] = {"Tensor|number", "a tensor or a number"},
    [TYB_LIST] = {"Tensor|list", "a tensor or a list of numbers"},
    [TYB_TENSORS] = {"Tensors", "a list of tensors"},
    [TYB_INDICES] = {"Indices", "a tensor of positions"},
    [TYB_CLASSES] = {"Classes", "a tensor of classes"},
    [TYB_TARGETS] = {"Classes|Tensor", "a tensor of classes or of floating values"},
    [TYB_CLASS] = {"class", "a class (a whole number)"},
    [TYB_INDEX_LIST] = {"IndexList", "a list of tensors of positions"},
    [TYB_NUMBER] = {"number", "a number"},
    [TYB_FLOAT] = {"float", "a number"},
    [TYB_INT] = {"int", "a whole number"},
    [TYB_BOOL] = {"bool", "a boolean"},
    [TYB_STRING] = {"string", "a string"},
    [TYB_CHOICE] = {"choice", "one of"},
    [TYB_DIM] = {"dim", "a dimension (a whole number)"},
    [TYB_INDEX] = {"index", "a position (a whole number)"},
    [TYB_DIMS] = {"dims", "a dimension or a list of dimensions"},
    [TYB_DIM_LISTS] = {"dims|dims", "two lists of dimensions"},
    [TYB_SIZES] = {"sizes", "sizes (whole numbers, or a list of them)"},
    [TYB_DTYPE] = {"dtype", "a dtype"},
    [TYB_DEVICE] = {"device", "a device"},
    [TYB_GENERATOR] = {"generator", "a generator"},
    [TYB_ANY] = {"any", "a value"},
    [TYB_SELF] = {"self", "the input"},
};

const char *tyb_kind_name(int kind)
{
    return kinds[kind].name;
}

const char *tyb_kind_said(int kind)
{
    return kinds[kind].said;
}

int tyb_find_choice(const tyb_arg *arg, const char *text)
{
    size_t length = strlen(text);
    const char *at = arg->choices, *end = at + arg->choices_length;
    for (int n = 0; at < end; n++) {
        const char *close = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (!close)
            return -1;
        if ((size_t)(close - at - 1) == length && memcmp(at + 1, text, length) == 0)
            return n;
        at = close + 2; /* past the quote and the bar */
    }
    return -1;
}

static const char *skip(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Reads [A-Za-z0-9_]+ into name; NULL when there is none or it is too long. */
static const char *read_name(const char *p, char name[TYB_NAME_BYTES])
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    if (n == 0 || n >= TYB_NAME_BYTES)
        return NULL;
    memcpy(name, p, n);
    name[n] = 0;
    return p + n;
}

/* Reads the longest kind name at p. */
static const char *read_kind(const char *p, uint8_t *kind)
{
    size_t best = 0;
    for (int k = 0; k < TYB_KINDS; k++) {
        size_t n = strlen(kinds[k].name);
        if (n > best && strncmp(p, kinds[k].name, n) == 0) {
            best = n;
            *kind = (uint8_t)k;
        }
    }
    return best ? p + best : NULL;
}

/* Reads a default: a number, true, false, or a string in quotes. */
static const char *read_default(const char *p, tyb_arg *arg)
{
    tyb_value *v = &arg->absent;
    char *end = NULL;
    v->given = true;
    arg->optional = true;
    if (*p == '"') {
        const char *close = strchr(p + 1, '"');
        char text[32];
        if (!close || close - p > 31 || arg->kind != TYB_CHOICE)
            return NULL;
        memcpy(text, p + 1, (size_t)(close - p - 1));
        text[close - p - 1] = 0;
        v->i = tyb_find_choice(arg, text);
        return v->i < 0 ? NULL : close + 1;
    }
    if (arg->kind == TYB_BOOL) {
        v->b = strncmp(p, "true", 4) == 0;
        if (!v->b && strncmp(p, "false", 5) != 0)
            return NULL;
        return p + (v->b ? 4 : 5);
    }
    switch (arg->kind) {
    case TYB_FLOAT:
        v->f = strtod(p, &end);
        break;
    case TYB_NUMBER: {
        long long i = strtoll(p, &end, 10);
        v->number = ty_int(i);
        if (*end == '.' || *end == 'e')
            v->number = ty_float(strtod(p, &end));
        break;
    }
    case TYB_INT:
        v->i = strtoll(p, &end, 10);
        break;
    case TYB_DIM:
    case TYB_CLASS:
    case TYB_INDEX: /* written as the caller counts */
        v->i = strtoll(p, &end, 10);
        v->i -= v->i > 0;
        break;
    default:
        return NULL;
    }
    return end == p ? NULL : end;
}

/* Reads `name: kind...? = default`. */
static const char *read_arg(const char *p, tyb_arg *arg)
{
    p = read_name(p, arg->name);
    if (!p || *(p = skip(p)) != ':')
        return NULL;
    p = skip(p + 1);
    if (*p == '"') {
        arg->kind = TYB_CHOICE;
        arg->choices = p;
        do {
            p = strchr(p + 1, '"');
            if (!p)
                return NULL;
            p++;
        } while (*p == '|' && *++p == '"');
        arg->choices_length = (int)(p - arg->choices);
    } else if (!(p = read_kind(p, &arg->kind))) {
        return NULL;
    }
    switch (arg->kind) {
    case TYB_DTYPE:
        arg->absent.dtype = TY_DTYPE_NONE;
        break;
    case TYB_DEVICE:
        arg->absent.device = TY_DEVICE_CPU;
        break;
    default:
        break;
    }
    if (strncmp(p, "...", 3) == 0) {
        arg->variadic = true;
        p += 3;
    }
    if (*p == '?') {
        arg->optional = true;
        p++;
    }
    p = skip(p);
    return *p == '=' ? read_default(skip(p + 1), arg) : p;
}

static const char *read_result(const char *p, tyb_form *form, bool named)
{
    int r = form->results_count++;
    if (r >= TYB_MAX_RESULTS)
        return NULL;
    if (named) {
        p = read_name(p, form->results[r].name);
        if (!p || *(p = skip(p)) != ':')
            return NULL;
        p = skip(p + 1);
    }
    p = read_kind(p, &form->results[r].kind);
    if (p && *p == '?') {
        form->results[r].optional = true;
        p++;
    }
    return p ? skip(p) : NULL;
}

/* Reads one form; NULL on a wrong text, else its end. */
static const char *read_form(const char *p, tyb_form *form)
{
    bool keyword = false;
    p = skip(p);
    form->text = p;
    if (*p != '(')
        return NULL;
    p = skip(p + 1);
    while (*p != ')') {
        if (*p == '*') {
            keyword = true;
            p = skip(p + 1);
        } else {
            if (form->args_count == TYB_MAX_ARGS)
                return NULL;
            tyb_arg *arg = &form->args[form->args_count++];
            arg->keyword = keyword;
            p = read_arg(p, arg);
            if (!p)
                return NULL;
        }
        p = skip(p);
        if (*p == ',')
            p = skip(p + 1);
        else if (*p != ')')
            return NULL;
    }
    p = skip(p + 1);
    if (p[0] != '-' || p[1] != '>')
        return NULL;
    p = skip(p + 2);
    if (strncmp(p, "none", 4) == 0) {
        p += 4;
    } else if (*p == '(') {
        do
            p = read_result(skip(p + 1), form, true);
        while (p && *p == ',');
        if (!p || *p++ != ')')
            return NULL;
    } else if (!(p = read_result(p, form, false))) {
        return NULL;
    }
    form->length = (int)(p - form->text);
    while (form->length > 0 && isspace((unsigned char)form->text[form->length - 1]))
        form->length--;
    return p;
}

tyb_forms *tyb_compile(const tyb_row *row)
{
    int count = 1;
    for (const char *p = row->signature; *p; p++)
        count += *p == '\n';
    tyb_forms *forms = count <= TYB_MAX_FORMS ? calloc(1, sizeof *forms + (size_t)count * sizeof *forms->form) : NULL;
    if (!forms) {
        ty_fail(TY_ERROR_MEMORY, "%s: out of memory for its signature", row->name);
        return NULL;
    }
    const char *p = row->signature;
    for (forms->count = 0; forms->count < count; forms->count++) {
        p = read_form(p, &forms->form[forms->count]);
        if (!p)
            break;
    }
    if (!p || *skip(p)) {
        free(forms);
        ty_fail(TY_ERROR_VALUE, "%s: this signature cannot be read: %s", row->name, row->signature);
        return NULL;
    }
    return forms;
}
