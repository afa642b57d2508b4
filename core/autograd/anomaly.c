/*
 * Anomaly mode: nodes remember where their op was called, so that a gradient that fails, or is NaN, can name the line
 * of the forward pass. The text comes from whoever embeds the library; here it is only kept and shown.
 */
#include <stdio.h>
#include <stdlib.h>

#include "autograd/node.h"

_Thread_local bool tyi_anomaly_on;
static _Thread_local struct {
    char *(*where)(void *data);
    void *data;
    bool check_nan;
    const tyi_node *running; /* whose rule makes new nodes now */
} mode;

void ty_set_anomaly_mode(char *(*where)(void *data), void *data, bool check_nan)
{
    tyi_anomaly_on = where != NULL;
    mode.where = where;
    mode.data = data;
    mode.check_nan = check_nan;
}

const tyi_node *tyi_anomaly_enter(const tyi_node *node)
{
    const tyi_node *outer = mode.running;
    mode.running = node;
    return outer;
}

/* Out of memory here costs the note alone. */
void tyi_note_made(tyi_node *node)
{
    char *text = mode.where(mode.data);
    const tyi_node *from = mode.running;
    if (!text || !tyi_extra_make(node)) {
        free(text);
        return;
    }
    node->extra->made_at = text;
    if (!from || !from->extra || !from->extra->made_at)
        return;
    size_t bytes = strlen(text) + strlen(from->extra->made_at) + 160;
    char *both = malloc(bytes);
    if (!both)
        return;
    snprintf(both, bytes, "%s\nin the gradient of %.80s, which was made at\n%s", text, from->kind->name,
             from->extra->made_at);
    free(text);
    node->extra->made_at = both;
}

void tyi_blame(const tyi_node *node)
{
    const char *made_at = node->extra ? node->extra->made_at : NULL;
    if (made_at)
        ty_fail(ty_error_what(), "%s\n%s was made at\n%s", ty_error(), node->kind->name, made_at);
    else
        ty_fail(ty_error_what(), "%s\n(%s was made before anomaly mode was on, so the line of its op is not known)",
                ty_error(), node->kind->name);
}

ty_status tyi_check_nan(tyi_node *node, ty_tensor *const *grad_in)
{
    if (!mode.check_nan)
        return TY_OK;
    bool was = ty_set_grad_enabled(false);
    ty_status status = TY_OK;
    for (int i = 0; i < node->inputs && status == TY_OK; i++) {
        if (!grad_in[i] || !ty_dtype_is_floating((ty_dtype)grad_in[i]->dtype))
            continue;
        ty_tensor *mask = ty_isnan(grad_in[i]), *any = mask ? ty_any(mask, 0, NULL, false) : NULL;
        ty_scalar found = {TY_SCALAR_BOOL, 0, 0};
        status = any ? ty_item(any, &found) : TY_FAIL;
        if (status == TY_OK && found.i)
            status = ty_fail(TY_ERROR_VALUE, "backward: %s gave NaN as the gradient of its input %lld, %s",
                             node->kind->name, tyi_said(i), TYI_DESCRIBE(grad_in[i]));
        ty_release(mask);
        ty_release(any);
    }
    ty_set_grad_enabled(was);
    return status;
}
