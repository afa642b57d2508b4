/*
 * Signatures, compiled: what the text of a row says, as the parser of calls reads it. The language is described in
 * args.h. Relies on nothing but the core's types; knows nothing of calls.
 */
#ifndef TYB_SIGNATURE_H
#define TYB_SIGNATURE_H

#include "args.h"

typedef enum tyb_kind {
    TYB_TENSOR,
    TYB_OPERAND,
    TYB_TENSORS,
    TYB_INDICES,
    TYB_CLASSES,
    TYB_LIST,
    TYB_TARGETS,
    TYB_CLASS,
    TYB_INDEX_LIST,
    TYB_NUMBER,
    TYB_FLOAT,
    TYB_INT,
    TYB_BOOL,
    TYB_STRING,
    TYB_CHOICE,
    TYB_DIM,
    TYB_INDEX,
    TYB_DIMS,
    TYB_DIM_LISTS,
    TYB_SIZES,
    TYB_DTYPE,
    TYB_DEVICE,
    TYB_GENERATOR,
    TYB_ANY,
    /* of results alone */
    TYB_SELF,
    TYB_KINDS
} tyb_kind;

#define TYB_NAME_BYTES 28 /* of an argument's or a result's name */

typedef struct tyb_arg {
    char name[TYB_NAME_BYTES];
    uint8_t kind;
    bool optional; /* may be absent */
    bool keyword;  /* by name only */
    bool variadic;
    const char *choices; /* TYB_CHOICE: the text of the choices, `choices_length` bytes of it */
    int choices_length;
    tyb_value absent; /* its value when it is not given: the default, or "none" */
} tyb_arg;

typedef struct tyb_form {
    const char *text; /* in the row's signature */
    int length;
    int args_count, results_count;
    tyb_arg args[TYB_MAX_ARGS];
    struct {
        char name[TYB_NAME_BYTES]; /* "" for a single result */
        uint8_t kind;
        bool optional;
    } results[TYB_MAX_RESULTS];
} tyb_form;

typedef struct tyb_forms {
    int count;
    tyb_form form[];
} tyb_forms;

/* Compiles a row's signature; free() the result. NULL, with the core's error set, when the text is wrong. */
tyb_forms *tyb_compile(const tyb_row *row);
/* The kind's name in signatures. */
const char *tyb_kind_name(int kind);
/* What an argument of the kind should be, for messages: "a tensor or a number". */
const char *tyb_kind_said(int kind);
/* Number of a choice's text among the choices, or -1. */
int tyb_find_choice(const tyb_arg *arg, const char *text);

#endif
