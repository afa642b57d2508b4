/*
 * ctc_loss: connectionist temporal classification (Graves et al. 2006), the loss of a sequence of labels whose places
 * in time are not known. Values and gradients are PyTorch's; the gradient is that of torch.nn.functional.ctc_loss,
 * which takes for granted that log_softmax made the log-probabilities (it agrees with the derivative up to what
 * log_softmax takes away). Relies on the backend's kernels for the sums over alignments.
 */
#include <stdlib.h>

#include "ops/loss.h"

enum { SAVED_X, SAVED_TARGETS, SAVED_LENGTHS, SAVED_ALPHA, SAVED_LOSS, SAVED_COUNT };
/* Rows of the tensor of lengths. */
enum { OFFSETS, INPUT_LENGTHS, TARGET_LENGTHS, LENGTHS };

typedef struct ctc_context {
    int64_t most, blank;
    bool zero_infinity;
} ctc_context;

/* All tensors on the device of x, but that the labels and the lengths may be on the CPU to be checked. */
static tyi_ctc_args args_of(ty_tensor *x, ty_tensor *targets, ty_tensor *lengths, ty_tensor *alpha, ty_tensor *loss,
                            const ctc_context *context)
{
    const int64_t *rows = tyi_data(lengths);
    int64_t batch = x->sizes[1];
    return (tyi_ctc_args){.dtype = (ty_dtype)x->dtype,
                          .log_probs = tyi_data(x),
                          .targets = tyi_data(targets),
                          .offsets = rows + OFFSETS * batch,
                          .input_lengths = rows + INPUT_LENGTHS * batch,
                          .target_lengths = rows + TARGET_LENGTHS * batch,
                          .steps = x->sizes[0],
                          .batch = batch,
                          .classes = x->sizes[2],
                          .most = context->most,
                          .blank = context->blank,
                          .zero_infinity = context->zero_infinity,
                          .alpha = tyi_data(alpha),
                          .loss = tyi_data(loss)};
}

static ty_status ctc_backward(tyi_node *node, ty_tensor *const *grad_out, ty_tensor **grad_in)
{
    const ctc_context *context = tyi_context(node);
    if (ty_grad_enabled())
        return ty_fail(TY_ERROR_VALUE, "ctc_loss: there is no second derivative; leave out create_graph");
    ty_tensor *saved[SAVED_COUNT];
    for (int i = 0; i < SAVED_COUNT; i++)
        if (!(saved[i] = tyi_saved(node, i)))
            return TY_FAIL;
    ty_tensor *x = saved[SAVED_X], *grad = tyi_temp(tyi_dense(grad_out[0]));
    ty_dtype dtype = (ty_dtype)x->dtype;
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    int64_t room[] = {x->sizes[1], 2, 2 * context->most + 1};
    ty_tensor *beta = tyi_temp(tyi_new(3, room, dtype, x->storage->device));
    ty_tensor *out = tyi_new(3, x->sizes, dtype, x->storage->device);
    if (!backend || !grad || !beta || !out) {
        ty_release(out);
        return TY_FAIL;
    }
    tyi_ctc_args args =
        args_of(x, saved[SAVED_TARGETS], saved[SAVED_LENGTHS], saved[SAVED_ALPHA], saved[SAVED_LOSS], context);
    args.grad = tyi_data(grad), args.beta = tyi_data(beta), args.grad_x = tyi_data(out);
    if (backend->ctc_backward(&args) != TY_OK) {
        ty_release(out);
        return TY_FAIL;
    }
    grad_in[0] = out;
    return TY_OK;
}

static const tyi_node_kind ctc_kind = {"CtcLossBackward0", ctc_backward};

/* ---- Checks ---- */

/* The lengths as int64 {batch} on the CPU, each between 0 and most. */
static ty_tensor *checked_lengths(tyi_scope *s, const char *what, ty_tensor *lengths, int64_t batch, int64_t most,
                                  const char *of)
{
    ty_dtype dtype = (ty_dtype)lengths->dtype;
    if (dtype == TY_BOOL || ty_dtype_is_floating(dtype) || lengths->ndim > 1 || lengths->numel != batch)
        return tyi_fail(TY_ERROR_VALUE,
                        "ctc_loss: %s holds one whole number for each of the %lld samples; this one is %s", what,
                        (long long)batch, TYI_DESCRIBE(lengths));
    ty_tensor *whole = tyi_keep(s, ty_to(lengths, TY_INT64, TY_DEVICE_CPU, false));
    ty_tensor *dense = tyi_keep(s, whole ? tyi_dense(whole) : NULL);
    if (ty_capture_refuse("ctc_loss", "capture the network without it, or do not capture this step") != TY_OK)
        return NULL;
    const int64_t *n = dense ? tyi_data(dense) : NULL;
    for (int64_t i = 0; dense && i < batch; i++)
        if (n[i] < 0 || n[i] > most)
            return tyi_fail(TY_ERROR_VALUE, "ctc_loss: %s[%lld] is %lld; it must be from 0 to %lld, %s", what,
                            tyi_said(i), (long long)n[i], (long long)most, of);
    return dense;
}

/* The labels within the lengths are classes, and not the blank. */
static ty_status check_labels(const tyi_ctc_args *a)
{
    for (int64_t n = 0; n < a->batch; n++)
        for (int64_t k = 0; k < a->target_lengths[n]; k++) {
            int64_t label = a->targets[a->offsets[n] + k];
            if (label == a->blank)
                return ty_fail(
                    TY_ERROR_VALUE,
                    "ctc_loss: label %lld of sample %lld is the blank, %lld; targets hold classes other than "
                    "the blank",
                    tyi_said(k), tyi_said(n), tyi_said(label));
            if (label < 0 || label >= a->classes)
                return ty_fail(TY_ERROR_INDEX,
                               "ctc_loss: label %lld of sample %lld is no class: there are %lld, %lld "
                               "to %lld",
                               tyi_said(k), tyi_said(n), (long long)a->classes, tyi_said(0), tyi_said(a->classes - 1));
        }
    return TY_OK;
}

/* Whether they are, found by kernels on the labels' device. labels {N, S} or {sum of the lengths}, lengths there too.
 */
static bool labels_fit(const tyi_backend *backend, ty_tensor *labels, ty_tensor *lengths, int64_t classes,
                       int64_t blank)
{
    int64_t wrong = 1;
    int outer = tyi_temps_begin();
    ty_tensor *first = tyi_temp(ty_scalar_tensor(ty_int(0), TY_DTYPE_NONE, true));
    ty_tensor *beyond = tyi_temp(ty_scalar_tensor(ty_int(classes), TY_DTYPE_NONE, true));
    ty_tensor *empty = tyi_temp(ty_scalar_tensor(ty_int(blank), TY_DTYPE_NONE, true));
    ty_tensor *none = tyi_temp(ty_logical_or(tyi_temp(ty_lt(labels, first)), tyi_temp(ty_ge(labels, beyond))));
    ty_tensor *bad = tyi_temp(ty_logical_or(none, tyi_temp(ty_eq(labels, empty))));
    if (labels->ndim == 2) { /* what stands behind a sample's length does not count */
        ty_tensor *place =
            tyi_temp(ty_arange(ty_int(0), ty_int(labels->sizes[1]), ty_int(1), TY_INT64, labels->storage->device));
        ty_tensor *length = tyi_temp(ty_select(lengths, 0, TARGET_LENGTHS));
        ty_tensor *within = length ? tyi_temp(ty_lt(place, tyi_temp(ty_unsqueeze(length, 1)))) : NULL;
        bad = within ? tyi_temp(ty_logical_and(bad, within)) : NULL;
    }
    if (!bad || (bad->numel && backend->nonzero_count(tyi_data(bad), bad->numel, &wrong) != TY_OK))
        wrong = 1;
    bool fit = bad && (bad->numel == 0 || wrong == 0);
    tyi_temps_end(outer);
    return fit;
}

/* Offsets of the samples in the targets, and both lengths, as int64 {3, batch} on the CPU. *most: the longest target.
 */
static ty_tensor *lengths_of(tyi_scope *s, ty_tensor *x, ty_tensor *targets, ty_tensor *input_lengths,
                             ty_tensor *target_lengths, int64_t *most)
{
    int64_t batch = x->sizes[1], steps = x->sizes[0], total = 0;
    bool padded = targets->ndim == 2;
    if (targets->ndim < 1 || targets->ndim > 2 || (padded && targets->sizes[0] != batch))
        return tyi_fail(
            TY_ERROR_VALUE,
            "ctc_loss: targets are {N, S}, padded, or one row of all labels; the batch has %lld samples and "
            "targets' shape is %s",
            (long long)batch, TYI_SHAPE(targets));
    ty_tensor *inputs =
        checked_lengths(s, "input_lengths", input_lengths, batch, steps, "the steps of the log-probabilities");
    ty_tensor *wanted = inputs ? checked_lengths(s, "target_lengths", target_lengths, batch, targets->sizes[padded],
                                                 "the size of targets")
                               : NULL;
    ty_tensor *out = wanted ? tyi_keep(s, tyi_new(2, (int64_t[]){LENGTHS, batch}, TY_INT64, TY_DEVICE_CPU)) : NULL;
    if (!out)
        return NULL;
    int64_t *rows = tyi_data(out);
    const int64_t *length = tyi_data(wanted);
    memcpy(rows + INPUT_LENGTHS * batch, tyi_data(inputs), (size_t)batch * sizeof *rows);
    memcpy(rows + TARGET_LENGTHS * batch, length, (size_t)batch * sizeof *rows);
    *most = 0;
    for (int64_t n = 0; n < batch; n++) {
        rows[OFFSETS * batch + n] = padded ? n * targets->sizes[1] : total;
        total += length[n];
        *most = length[n] > *most ? length[n] : *most;
    }
    if (!padded && total != targets->numel)
        return tyi_fail(TY_ERROR_VALUE, "ctc_loss: target_lengths add up to %lld, and targets have %lld labels",
                        (long long)total, (long long)targets->numel);
    return out;
}

/* ---- The loss ---- */

/* The loss of each sample {N} of log-probabilities {T, N, C}, recorded. */
static ty_tensor *each_loss(tyi_scope *s, ty_tensor *x, ty_tensor *targets, ty_tensor *lengths, ctc_context *context)
{
    ty_dtype dtype = (ty_dtype)x->dtype;
    const tyi_backend *backend = tyi_backend_of(x->storage->device);
    bool was = ty_set_grad_enabled(false);
    ty_device device = x->storage->device;
    ty_tensor *dense = tyi_keep(s, tyi_dense(x)), *labels = tyi_keep(s, ty_to(targets, TY_INT64, device, false));
    labels = tyi_keep(s, labels ? tyi_dense(labels) : NULL);
    ty_tensor *there = tyi_keep(s, ty_to(lengths, TY_INT64, device, false));
    int64_t sizes[] = {x->sizes[1], x->sizes[0], 2 * context->most + 1};
    ty_tensor *alpha = tyi_keep(s, tyi_new(3, sizes, dtype, device));
    ty_tensor *loss = tyi_keep(s, tyi_new(1, sizes, dtype, device));
    bool fit = device.type != TY_CPU && backend && labels && there &&
               labels_fit(backend, labels, there, x->sizes[2], context->blank);
    ty_tensor *host = fit ? NULL : tyi_keep(s, ty_to(labels, TY_INT64, TY_DEVICE_CPU, false));
    ty_set_grad_enabled(was);
    if (!backend || !dense || !labels || !there || !alpha || !loss || (!fit && !host))
        return NULL;
    tyi_ctc_args args = args_of(dense, fit ? labels : host, lengths, alpha, loss, context);
    if (!fit && check_labels(&args) != TY_OK)
        return NULL;
    args = args_of(dense, labels, there, alpha, loss, context);
    if (backend->ctc(&args) != TY_OK)
        return NULL;
    ty_retain(loss);
    return tyi_keep(s, tyi_record(loss, &ctc_kind, TYI_LIST(x), SAVED_COUNT,
                                  (ty_tensor *[]){dense, labels, there, alpha, loss}, context, sizeof *context));
}

/*
 * Log-probabilities {T, N, C}, or {T, C} of one sample, against targets {N, S} (padded; what stands behind a length is
 * not read) or one row of all labels. input_lengths, target_lengths: integers {N}, or one number. The mean divides each
 * loss by its target's length (at least 1) first. zero_infinity: infinite losses, of inputs too short for their
 * targets, count 0 and give no gradient. torch.nn.functional.ctc_loss
 */
ty_tensor *ty_ctc_loss(ty_tensor *log_probs, ty_tensor *targets, ty_tensor *input_lengths, ty_tensor *target_lengths,
                       int64_t blank, ty_reduction reduction, bool zero_infinity)
{
    tyi_scope scope = {0}, *s = &scope;
    ctc_context context = {.blank = blank, .zero_infinity = zero_infinity};
    if (!log_probs || !targets || !input_lengths || !target_lengths)
        return NULL;
    if ((log_probs->dtype != TY_FLOAT32 && log_probs->dtype != TY_FLOAT64) || log_probs->ndim < 2 ||
        log_probs->ndim > 3 || log_probs->numel == 0)
        return tyi_fail(
            TY_ERROR_VALUE,
            "ctc_loss: log-probabilities {T, N, C} or {T, C}, of float32 or float64 and not empty, are needed, "
            "got %s",
            TYI_DESCRIBE(log_probs));
    if (targets->dtype == TY_BOOL || ty_dtype_is_floating((ty_dtype)targets->dtype))
        return tyi_fail(TY_ERROR_VALUE, "ctc_loss: targets hold classes, of an integer dtype; these are %s",
                        TYI_DESCRIBE(targets));
    bool batched = log_probs->ndim == 3;
    int64_t classes = log_probs->sizes[log_probs->ndim - 1];
    if (blank < 0 || blank >= classes)
        return tyi_fail(TY_ERROR_INDEX, "ctc_loss: the blank, %lld, is no class: there are %lld, %lld to %lld",
                        tyi_said(blank), (long long)classes, tyi_said(0), tyi_said(classes - 1));
    ty_tensor *x = batched ? log_probs : tyi_keep(s, ty_unsqueeze(log_probs, 1));
    ty_tensor *lengths = x ? lengths_of(s, x, targets, input_lengths, target_lengths, &context.most) : NULL;
    ty_tensor *losses = lengths ? each_loss(s, x, targets, lengths, &context) : NULL;
    if (losses && zero_infinity) {
        ty_tensor *zero = tyi_keep(s, ty_scalar_tensor(ty_float(0), TY_DTYPE_NONE, true));
        ty_tensor *infinite = tyi_keep(s, ty_isinf(losses));
        losses = tyi_keep(s, ty_masked_fill(losses, infinite, zero));
    }
    if (losses && reduction == TY_REDUCE_MEAN) {
        ty_tensor *one = tyi_keep(s, ty_scalar_tensor(ty_int(1), TY_DTYPE_NONE, true));
        ty_tensor *by = tyi_keep(s, ty_clamp(tyi_keep(s, ty_select(lengths, 0, TARGET_LENGTHS)), one, NULL));
        by = tyi_keep(s, by ? ty_to(by, TY_INT64, x->storage->device, false) : NULL);
        losses = tyi_keep(s, by ? ty_div(losses, by) : NULL);
    }
    if (losses && reduction == TY_REDUCE_NONE && !batched)
        losses = tyi_keep(s, ty_select(losses, 0, 0));
    return tyi_reduced(s, losses, reduction);
}
