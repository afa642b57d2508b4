/* What layers of networks compute: activations, norms, losses, recurrence, attention, images. Relies on tensor.h. */
#ifndef TYCHO_H
#error "include tycho.h, which includes its sections in order"
#endif

/* ---- Activations, dropout ------------------------------------------------------------------- */

ty_tensor *ty_softmax(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_softmin(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_leaky_relu(ty_tensor *x, double negative_slope);
ty_tensor *ty_prelu(ty_tensor *x, ty_tensor *weight); /* weight: one element, or one per channel */
ty_tensor *ty_elu(ty_tensor *x, double alpha);
ty_tensor *ty_selu(ty_tensor *x);
ty_tensor *ty_celu(ty_tensor *x, double alpha);
ty_tensor *ty_threshold(ty_tensor *x, double threshold, double value);
ty_tensor *ty_hardtanh(ty_tensor *x, double low, double high);
ty_tensor *ty_relu6(ty_tensor *x);
ty_tensor *ty_hardsigmoid(ty_tensor *x);
ty_tensor *ty_hardswish(ty_tensor *x);
ty_tensor *ty_gelu(ty_tensor *x, bool approximate_tanh);
ty_tensor *ty_silu(ty_tensor *x);
ty_tensor *ty_softplus(ty_tensor *x, double beta, double threshold);
ty_tensor *ty_mish(ty_tensor *x);
ty_tensor *ty_logsigmoid(ty_tensor *x);
ty_tensor *ty_softsign(ty_tensor *x);
ty_tensor *ty_tanhshrink(ty_tensor *x);
ty_tensor *ty_softshrink(ty_tensor *x, double lambda);
ty_tensor *ty_hardshrink(ty_tensor *x, double lambda);
ty_tensor *ty_glu(ty_tensor *x, int dim);
ty_tensor *ty_log_softmax(ty_tensor *x, int dim, ty_dtype dtype);
ty_tensor *ty_dropout(ty_tensor *x, double p, bool training, ty_generator *g);

/* Dropout of channels {N, C, spatial...} (1 to 3 spatial dims), and that for selu, of elements or channels. */
ty_tensor *ty_dropout_channels(ty_tensor *x, int dims, double p, bool training, ty_generator *g);
ty_tensor *ty_alpha_dropout(ty_tensor *x, double p, bool training, bool channels, ty_generator *g);
ty_tensor *ty_rrelu(ty_tensor *x, double lower, double upper, bool training, ty_generator *g);
ty_tensor *ty_gumbel_softmax(ty_tensor *x, double tau, bool hard, int dim, ty_generator *g);
ty_tensor *ty_leaky_relu_(ty_tensor *x, double negative_slope);
ty_tensor *ty_elu_(ty_tensor *x, double alpha);
ty_tensor *ty_celu_(ty_tensor *x, double alpha);
ty_tensor *ty_selu_(ty_tensor *x);
ty_tensor *ty_threshold_(ty_tensor *x, double threshold, double value);
ty_tensor *ty_hardtanh_(ty_tensor *x, double low, double high);
ty_tensor *ty_rrelu_(ty_tensor *x, double lower, double upper, bool training, ty_generator *g);

/* ---- Bilinear layers, embeddings, normalisation --------------------------------------------- */

/* {..., in1}, {..., in2}, weight {out, in1, in2}, bias {out} or NULL: {..., out} */
ty_tensor *ty_bilinear(ty_tensor *a, ty_tensor *b, ty_tensor *weight, ty_tensor *bias);
/* Rows of weight by index; padding_idx NULL: none; max_norm INFINITY: none. */
ty_tensor *ty_embedding(ty_tensor *index, ty_tensor *weight, const int64_t *padding_idx, double max_norm,
                        double norm_type, bool scale_grad_by_freq);
typedef enum { TY_BAG_SUM, TY_BAG_MEAN, TY_BAG_MAX } ty_bag_mode;
/* Bags of them, {bags, n} or {n} with offsets {bags}; per_sample: factors for sums, or NULL. */
ty_tensor *ty_embedding_bag(ty_tensor *index, ty_tensor *weight, ty_tensor *offsets, ty_bag_mode mode,
                            ty_tensor *per_sample, const int64_t *padding_idx, bool include_last, double max_norm,
                            double norm_type, bool scale_grad_by_freq);
/* Normalisations; weight, bias and (in training) the running statistics, which move, may be NULL. */
ty_tensor *ty_batch_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                         ty_tensor *bias, bool training, double momentum, double eps);
ty_tensor *ty_instance_norm(ty_tensor *x, ty_tensor *running_mean, ty_tensor *running_var, ty_tensor *weight,
                            ty_tensor *bias, bool use_input_stats, double momentum, double eps);
ty_tensor *ty_layer_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight, ty_tensor *bias, double eps);
ty_tensor *ty_rms_norm(ty_tensor *x, int ndim, const int64_t *shape, ty_tensor *weight,
                       double eps); /* eps < 0: dtype's */
ty_tensor *ty_group_norm(ty_tensor *x, int64_t groups, ty_tensor *weight, ty_tensor *bias, double eps);
ty_tensor *ty_local_response_norm(ty_tensor *x, int64_t size, double alpha, double beta, double k);
ty_tensor *ty_normalize(ty_tensor *x, double p, int dim, double eps);

/* ---- Losses --------------------------------------------------------------------------------- */

typedef enum { TY_REDUCE_NONE, TY_REDUCE_MEAN, TY_REDUCE_SUM } ty_reduction;
/* log-probabilities {N, C, d...} or {C} against classes {N, d...} or {}; weight {C} or NULL */
ty_tensor *ty_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                       ty_reduction reduction);
/* logits against classes (integer) or class probabilities (floating, shape of x) */
ty_tensor *ty_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, int64_t ignore_index,
                            ty_reduction reduction, double label_smoothing);
ty_tensor *ty_mse_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_smooth_l1_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double beta);
ty_tensor *ty_huber_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction, double delta);
/* weight, pos_weight: NULL for 1 */
ty_tensor *ty_binary_cross_entropy(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction);
ty_tensor *ty_binary_cross_entropy_with_logits(ty_tensor *x, ty_tensor *target, ty_tensor *weight,
                                               ty_tensor *pos_weight, ty_reduction reduction);
/* batch_mean: the sum divided by the size of the batch, whatever the reduction */
ty_tensor *ty_kl_div(ty_tensor *x, ty_tensor *target, ty_reduction reduction, bool batch_mean, bool log_target);
ty_tensor *ty_poisson_nll_loss(ty_tensor *x, ty_tensor *target, bool log_input, bool full, double eps,
                               ty_reduction reduction);
ty_tensor *ty_hinge_embedding_loss(ty_tensor *x, ty_tensor *target, double margin, ty_reduction reduction);
ty_tensor *ty_margin_ranking_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin, ty_reduction reduction);
ty_tensor *ty_triplet_margin_loss(ty_tensor *anchor, ty_tensor *positive, ty_tensor *negative, double margin, double p,
                                  double eps, bool swap, ty_reduction reduction);
ty_tensor *ty_cosine_embedding_loss(ty_tensor *a, ty_tensor *b, ty_tensor *target, double margin,
                                    ty_reduction reduction);
ty_tensor *ty_multi_margin_loss(ty_tensor *x, ty_tensor *target, int64_t p, double margin, ty_tensor *weight,
                                ty_reduction reduction);
ty_tensor *ty_multilabel_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_reduction reduction);
ty_tensor *ty_multilabel_soft_margin_loss(ty_tensor *x, ty_tensor *target, ty_tensor *weight, ty_reduction reduction);
/* var: a wrapped number, or of x's shape, or with one dimension of it 1 or the last left out */
ty_tensor *ty_gaussian_nll_loss(ty_tensor *x, ty_tensor *target, ty_tensor *var, bool full, double eps,
                                ty_reduction reduction);
/* log-probabilities {T, N, C} or {T, C} against targets {N, S} or {sum of target_lengths}; lengths {N} or one number */
ty_tensor *ty_ctc_loss(ty_tensor *log_probs, ty_tensor *targets, ty_tensor *input_lengths, ty_tensor *target_lengths,
                       int64_t blank, ty_reduction reduction, bool zero_infinity);
ty_tensor *ty_cosine_similarity(ty_tensor *a, ty_tensor *b, int dim, double eps);
ty_tensor *ty_pairwise_distance(ty_tensor *a, ty_tensor *b, double p, double eps, bool keepdim);

/* ---- Recurrent networks, attention ---------------------------------------------------------- */

typedef enum { TY_RNN_TANH, TY_RNN_RELU, TY_LSTM, TY_GRU } ty_rnn_kind;
typedef struct ty_rnn_options {
    int64_t num_layers;
    bool has_biases, bidirectional, batch_first, training;
    double dropout;          /* between layers, in training */
    ty_generator *generator; /* NULL: the default */
} ty_rnn_options;
/* x {steps, batch, in}, {steps, in}, or packed rows with batch_sizes (else NULL); hx: h0, and c0 for LSTM, or none;
 * params: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr (LSTM's projection) by layer and direction. results:
 * output, last h, last c (LSTM). */
ty_status ty_rnn(ty_rnn_kind kind, ty_tensor *x, ty_tensor *batch_sizes, int hx_count, ty_tensor *const *hx,
                 int params_count, ty_tensor *const *params, const ty_rnn_options *options, ty_tensor *results[3]);
/* One step: the new h, and for LSTM *c_now. h, c NULL: zeros; biases may be NULL. */
ty_tensor *ty_rnn_cell(ty_rnn_kind kind, ty_tensor *x, ty_tensor *h, ty_tensor *c, ty_tensor *weight_ih,
                       ty_tensor *weight_hh, ty_tensor *bias_ih, ty_tensor *bias_hh, ty_tensor **c_now);
/* softmax(query key^T scale + mask) value. query {..., L, E}, key {..., S, E}, value {..., S, Ev}; mask NULL, bool
 * (true: attend) or added; scale NULL: 1 / sqrt(E); enable_gqa: fewer heads (dimension -3) of key and value. */
ty_tensor *ty_scaled_dot_product_attention(ty_tensor *query, ty_tensor *key, ty_tensor *value, ty_tensor *mask,
                                           double dropout_p, bool is_causal, const double *scale, bool enable_gqa,
                                           ty_generator *g);

/* ---- Convolution, pooling, resampling -------------------------------------------------------- */
/* Images are {N, C, d...}, or {C, d...} without a batch, with one to three dimensions d. */

/* A window over the last ndim dimensions. */
typedef struct ty_window {
    int ndim;
    int64_t size[3], stride[3], padding[3], dilation[3];
} ty_window;
/* weight {out, C / groups, k...}, and {C, out / groups, k...} for the transposed one; bias {out} or NULL; window->size
 * is the weight's. same: padding that keeps the sizes. output_padding: a number for each dimension, or NULL. */
ty_tensor *ty_conv(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window, bool same,
                   int64_t groups);
ty_tensor *ty_conv_transpose(ty_tensor *x, ty_tensor *weight, ty_tensor *bias, const ty_window *window,
                             const int64_t *output_padding, int64_t groups);
/* *indices (a new reference; NULL: not wanted): places in the flattened d... of an image. */
ty_tensor *ty_max_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, ty_tensor **indices);
/* divisor 0: the number of elements under the window. */
ty_tensor *ty_avg_pool(ty_tensor *x, const ty_window *window, bool ceil_mode, bool count_include_pad, int64_t divisor);
ty_tensor *ty_lp_pool(ty_tensor *x, double p, const ty_window *window, bool ceil_mode);
/* To given sizes; -1 keeps one. */
ty_tensor *ty_adaptive_max_pool(ty_tensor *x, int ndim, const int64_t *sizes, ty_tensor **indices);
ty_tensor *ty_adaptive_avg_pool(ty_tensor *x, int ndim, const int64_t *sizes);
ty_tensor *ty_max_unpool(ty_tensor *x, ty_tensor *indices, int ndim, const int64_t *sizes);
/* Two numbers, before and after, for each dimension from the last backwards; value is for TY_PAD_CONSTANT. */
typedef enum { TY_PAD_CONSTANT, TY_PAD_REFLECT, TY_PAD_REPLICATE, TY_PAD_CIRCULAR } ty_pad_mode;
ty_tensor *ty_pad(ty_tensor *x, int count, const int64_t *pads, ty_pad_mode mode, double value);
typedef enum {
    TY_NEAREST,
    TY_LINEAR,
    TY_BILINEAR,
    TY_BICUBIC,
    TY_TRILINEAR,
    TY_AREA,
    TY_NEAREST_EXACT
} ty_interpolation;
/* To `sizes`, or by factors `scales` (the other NULL). align_corners -1: not given. */
ty_tensor *ty_interpolate(ty_tensor *x, const int64_t *sizes, const double *scales, ty_interpolation mode,
                          int align_corners, bool recompute, bool antialias);
typedef enum { TY_GRID_ZEROS, TY_GRID_BORDER, TY_GRID_REFLECTION } ty_grid_padding;
ty_tensor *ty_grid_sample(ty_tensor *x, ty_tensor *grid, ty_interpolation mode, ty_grid_padding padding,
                          bool align_corners);
ty_tensor *ty_affine_grid(ty_tensor *theta, int ndim, const int64_t *sizes, bool align_corners);
ty_tensor *ty_unfold_images(ty_tensor *x, const ty_window *window); /* {N, C k k, blocks}; torch's F.unfold */
ty_tensor *ty_fold(ty_tensor *x, const int64_t sizes[2], const ty_window *window);
ty_tensor *ty_pixel_shuffle(ty_tensor *x, int64_t factor);
ty_tensor *ty_pixel_unshuffle(ty_tensor *x, int64_t factor);
ty_tensor *ty_channel_shuffle(ty_tensor *x, int64_t groups);
