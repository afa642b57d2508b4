/*
 * From Lua values to core values: one call's arguments, by one form of a signature. Used by call.c.
 *
 * First tyb_resolve() finds where each argument stands (this may raise Lua errors of memory); nothing is owned yet, and
 * the caller can make the handles of the results. Then tyb_convert() makes core values; from there to tyb_clean()
 * nothing raises, because the call owns temporaries.
 */
#ifndef TYB_PARSE_H
#define TYB_PARSE_H

#include "signature.h"

#define TYB_INLINE_INTS 48

typedef struct tyb_parse {
    tyb_call *c;
    const tyb_forms *forms;
    const tyb_form *form;
    bool quiet;  /* failures need no message: another form may fit */
    int score;   /* how much of the form fitted */
    int count;   /* positional arguments: stack 1..count */
    int options; /* stack index of the table of named arguments, 0: none */
    int out;     /* stack index of the tensor named `out`, 0: none */
    int at[TYB_MAX_ARGS],
        run[TYB_MAX_ARGS]; /* stack index of each argument (0: absent); values of a variadic one (0: one list) */
    int owned_count, heap_count, ints_used;
    ty_tensor *owned[3 * TYB_MAX_ARGS]; /* temporaries: wrapped numbers, converted indices */
    struct {
        void *block;
        int tensors; /* references in it to drop */
    } heap[TYB_MAX_ARGS];
    int64_t ints[TYB_INLINE_INTS];
} tyb_parse;

/* Finds each argument's place for p->form; false (with the core's error set unless quiet) when the call does not fit.
 */
bool tyb_resolve(tyb_parse *p);
/* Whether every argument's value is of its kind. */
bool tyb_accepts(tyb_parse *p);
/* Fills c->in. */
bool tyb_convert(tyb_parse *p);
/* Drops what tyb_convert() made. */
void tyb_clean(tyb_parse *p);

#endif
