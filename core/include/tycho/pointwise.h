/* Ops on each element, in pairs and alone, and their forms in place. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Pointwise ------------------------------------------------------------------------------ */
/* Broadcasting and type promotion as in PyTorch. The list of unary ops, each as ty_NAME(x) and ty_NAME_(x); see
 * core/backend/pointwise.def for what each computes. */
/* clang-format off */
#define TY_UNARY_OPS(X)                                                                            \
    X(neg) X(abs) X(sign) X(square) X(relu) X(exp) X(expm1) X(log) X(log1p) X(log2) X(log10)       \
    X(sqrt) X(rsqrt) X(reciprocal) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh)    \
    X(tanh) X(sigmoid) X(erf) X(floor) X(ceil) X(round) X(trunc) X(bitwise_not) X(logical_not)     \
    X(exp2) X(erfc) X(erfinv) X(lgamma) X(digamma) X(asinh) X(acosh) X(atanh) X(sinc) X(i0) X(frac)
/* Those without a form in place. */
#define TY_UNARY_FRESH_OPS(X)                                                                      \
    X(isnan) X(isinf) X(isfinite) X(isposinf) X(isneginf) X(signbit)                               \
    X(erfcx) X(i0e) X(i1) X(i1e) X(ndtri) X(log_ndtr)
/* clang-format on */
#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *x);                                                                                \
    ty_tensor *ty_##name##_(ty_tensor *x);
TY_UNARY_OPS(TY_X)
#undef TY_X
#define TY_X(name) ty_tensor *ty_##name(ty_tensor *x);
TY_UNARY_FRESH_OPS(TY_X)
#undef TY_X
ty_tensor *ty_frexp(ty_tensor *x, ty_tensor **exponent);

/* Binary ops, each as ty_NAME(a, b) and ty_NAME_(a, b). */
/* clang-format off */
#define TY_BINARY_OPS(X)                                                                           \
    X(mul) X(div) X(floor_divide) X(remainder) X(fmod) X(pow) X(maximum) X(minimum) X(atan2)       \
    X(bitwise_and) X(bitwise_or) X(bitwise_xor) X(logical_and) X(logical_or) X(logical_xor)        \
    X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(gcd) X(lcm) X(bitwise_left_shift) X(bitwise_right_shift) \
    X(fmax) X(fmin) X(heaviside) X(copysign) X(hypot) X(nextafter) X(xlogy) X(xlog1py) X(zeta)     \
    X(igamma) X(igammac)
/* clang-format on */
#define TY_X(name)                                                                                                     \
    ty_tensor *ty_##name(ty_tensor *a, ty_tensor *b);                                                                  \
    ty_tensor *ty_##name##_(ty_tensor *a, ty_tensor *b);
TY_BINARY_OPS(TY_X)
#undef TY_X
ty_tensor *ty_add(ty_tensor *a, ty_tensor *b, ty_scalar alpha); /* a + alpha * b */
ty_tensor *ty_add_(ty_tensor *a, ty_tensor *b, ty_scalar alpha);
ty_tensor *ty_sub(ty_tensor *a, ty_tensor *b, ty_scalar alpha); /* a - alpha * b */
ty_tensor *ty_sub_(ty_tensor *a, ty_tensor *b, ty_scalar alpha);

/* x + weight (end - x); x + value a b; x + value a / b. */
ty_tensor *ty_lerp(ty_tensor *x, ty_tensor *end, ty_tensor *weight);
ty_tensor *ty_lerp_(ty_tensor *x, ty_tensor *end, ty_tensor *weight);
ty_tensor *ty_addcmul(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcmul_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcdiv(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_addcdiv_(ty_tensor *x, ty_tensor *a, ty_tensor *b, ty_scalar value);
ty_tensor *ty_logaddexp(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_isclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan);
ty_tensor *ty_logaddexp2(ty_tensor *a, ty_tensor *b);
ty_tensor *ty_ldexp(ty_tensor *x, ty_tensor *other);
ty_tensor *ty_float_power(ty_tensor *x, ty_tensor *exponent);
ty_tensor *ty_polygamma(int64_t n, ty_tensor *x);
ty_tensor *ty_mvlgamma(ty_tensor *x, int64_t p);
ty_tensor *ty_logit(ty_tensor *x, double eps); /* eps < 0: none */
ty_tensor *ty_entr(ty_tensor *x);
ty_tensor *ty_ndtr(ty_tensor *x);
ty_tensor *ty_nan_to_num(ty_tensor *x, double nan, double posinf, double neginf); /* NaN: the dtype's largest value */
ty_tensor *ty_isin(ty_tensor *elements, ty_tensor *test, bool invert);
/* The form in place of an op that has none of its own: `result` (taken over) goes into x where shape and dtype allow.
 */
ty_tensor *ty_assign_(const char *name, ty_tensor *x, ty_tensor *result);

ty_tensor *ty_where(ty_tensor *condition, ty_tensor *a, ty_tensor *b);
ty_tensor *ty_clamp(ty_tensor *x, ty_tensor *min, ty_tensor *max); /* either may be NULL */
ty_tensor *ty_clamp_(ty_tensor *x, ty_tensor *min, ty_tensor *max);
ty_tensor *ty_fill_(ty_tensor *x, ty_scalar value);
ty_tensor *ty_zero_(ty_tensor *x);
ty_tensor *ty_copy_(ty_tensor *x, ty_tensor *source);        /* broadcasts and converts */
ty_dtype ty_result_type(ty_tensor *a, ty_tensor *b);         /* torch.result_type: what an op on these two gives */
ty_status ty_equal(ty_tensor *a, ty_tensor *b, bool *equal); /* same shape and elements */
/* torch.allclose; *result is set on success. */
ty_status ty_allclose(ty_tensor *a, ty_tensor *b, double rtol, double atol, bool equal_nan, bool *result);
