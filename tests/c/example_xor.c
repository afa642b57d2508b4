/*
 * The C interface on its own: a network of two layers learns XOR, with nothing but tycho.h. Prints the loss now and
 * then and the four answers; the exit status says whether all are right. Also what `add_test(xor)` runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tycho.h"

/* Every call may fail; here each failure ends the program. */
static ty_tensor *must(ty_tensor *x)
{
    if (!x) {
        fprintf(stderr, "error: %s\n", ty_error());
        exit(1);
    }
    return x;
}

static void check(ty_status status)
{
    if (status != TY_OK) {
        fprintf(stderr, "error: %s\n", ty_error());
        exit(1);
    }
}

static ty_tensor *parameter(int ndim, const int64_t *sizes)
{
    ty_tensor *x = must(ty_empty(ndim, sizes, TY_FLOAT32, TY_DEVICE_CPU));
    ty_release(must(ty_uniform_(x, -1, 1, NULL)));
    check(ty_set_requires_grad(x, true));
    return x;
}

/* sigmoid(w2 tanh(w1 x + b1) + b2), one row per example. */
static ty_tensor *forward(ty_tensor *const *p, ty_tensor *x)
{
    ty_tensor *first = must(ty_linear(x, p[0], p[1]));
    ty_tensor *hidden = must(ty_tanh(first));
    ty_tensor *second = must(ty_linear(hidden, p[2], p[3]));
    ty_tensor *y = must(ty_sigmoid(second));
    ty_release(first);
    ty_release(hidden);
    ty_release(second);
    return y;
}

int main(void)
{
    const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, targets[] = {0, 1, 1, 0};
    ty_tensor *x = must(ty_from_data(inputs, 2, (int64_t[]){4, 2}, TY_FLOAT32));
    ty_tensor *t = must(ty_from_data(targets, 2, (int64_t[]){4, 1}, TY_FLOAT32));

    ty_manual_seed(NULL, 1);
    ty_tensor *p[] = {parameter(2, (int64_t[]){8, 2}), parameter(1, (int64_t[]){8}), parameter(2, (int64_t[]){1, 8}),
                      parameter(1, (int64_t[]){1})};
    ty_optim *adam = ty_optim_new("Adam", 4, p);
    if (!adam)
        check(TY_FAIL);
    check(ty_optim_set(adam, "lr", 0.05));

    for (int step = 1; step <= 500; step++) {
        ty_tensor *y = forward(p, x);
        ty_tensor *loss = must(ty_mse_loss(y, t, TY_REDUCE_MEAN));
        check(ty_optim_zero_grad(adam, true));
        check(ty_backward(loss, NULL, false, false));
        check(ty_optim_step(adam));
        ty_scalar value;
        check(ty_item(loss, &value));
        if (step == 1 || step % 100 == 0)
            printf("step %3d  loss %.5f\n", step, value.f);
        ty_release(loss);
        ty_release(y);
    }

    ty_set_grad_enabled(false);
    ty_tensor *y = forward(p, x);
    const float *answers = ty_data(y);
    int right = 0;
    for (int i = 0; i < 4; i++) {
        printf("%g xor %g = %.3f\n", inputs[2 * i], inputs[2 * i + 1], answers[i]);
        right += (answers[i] > 0.5f) == (targets[i] > 0.5f);
    }
    ty_release(y);
    ty_release(x);
    ty_release(t);
    ty_optim_free(adam);
    for (int i = 0; i < 4; i++)
        ty_release(p[i]);
    return right == 4 ? 0 : 1;
}
