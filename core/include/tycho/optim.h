/* Initialisers and optimisers. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Initialisers (torch.nn.init), in place ------------------------------------------------- */

typedef enum { TY_FAN_IN, TY_FAN_OUT } ty_fan_mode;
typedef enum {
    TY_NONLINEARITY_LINEAR,
    TY_NONLINEARITY_SIGMOID,
    TY_NONLINEARITY_TANH,
    TY_NONLINEARITY_RELU,
    TY_NONLINEARITY_LEAKY_RELU,
    TY_NONLINEARITY_SELU
} ty_nonlinearity;
double ty_calculate_gain(ty_nonlinearity nonlinearity, double param);
ty_status ty_init_fans(ty_tensor *x, int64_t *fan_in, int64_t *fan_out);
ty_tensor *ty_init_kaiming_uniform_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                    ty_generator *g);
ty_tensor *ty_init_kaiming_normal_(ty_tensor *x, double a, ty_fan_mode mode, ty_nonlinearity nonlinearity,
                                   ty_generator *g);
ty_tensor *ty_init_xavier_uniform_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_xavier_normal_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_eye_(ty_tensor *x);
ty_tensor *ty_init_dirac_(ty_tensor *x, int64_t groups);
ty_tensor *ty_init_orthogonal_(ty_tensor *x, double gain, ty_generator *g);
ty_tensor *ty_init_sparse_(ty_tensor *x, double sparsity, double std, ty_generator *g);
ty_tensor *ty_init_trunc_normal_(ty_tensor *x, double mean, double std, double a, double b, ty_generator *g);

/* ---- Optimisers ----------------------------------------------------------------------------- */
/* An optimiser holds references to its parameters and one state tensor per parameter and state name. Options have
 * PyTorch's names and defaults and can be changed between steps. Parameters without a gradient are skipped. */
typedef struct ty_optim ty_optim;
ty_optim *ty_optim_new(const char *kind, int count, ty_tensor *const *params); /* "SGD", "Adam", ... */
void ty_optim_free(ty_optim *o);
ty_status ty_optim_set(ty_optim *o, const char *option, double value);
ty_status ty_optim_get(const ty_optim *o, const char *option, double *value);
ty_status ty_optim_step(ty_optim *o);
ty_status ty_optim_zero_grad(ty_optim *o, bool set_to_none);
/* Names of the options / of the state tensors, NULL-terminated. */
const char *const *ty_optim_options(const ty_optim *o);
const char *const *ty_optim_states(const ty_optim *o);
/* State of parameter i: borrowed; NULL while there is none (before its first step). */
ty_tensor *ty_optim_state(const ty_optim *o, int i, const char *name);
ty_status ty_optim_set_state(ty_optim *o, int i, const char *name, ty_tensor *value);
/* Steps that parameter i has taken (0 before the first). */
int64_t ty_optim_step_count(const ty_optim *o, int i);
ty_status ty_optim_set_step_count(ty_optim *o, int i, int64_t steps);
