-- Documentation of the losses of margins, sequences and distributions, and of AdaptiveLogSoftmaxWithLoss.

local function entry(name, signature, doc, example)
  return {name = name, signature = signature, doc = doc, example = example}
end

return {docs = {
  entry("nn.MultiMarginLoss", "(p = 1, margin = 1.0, weight?, reduction = \"mean\")", "Scores {N, C} against classes {N}: the "
    .. "mean over the other classes of max(0, margin - x[y] + x[j])^p, times weight[y]. p is 1 or 2.",
    "nn.MultiMarginLoss()(ty.zeros(2, 4), ty.tensor{1, 3})\n--> tensor(0.7500)"),
  entry("nn.MultiLabelMarginLoss", "(reduction = \"mean\")", "Scores {N, C} against lists of classes {N, C}, each list up to its "
    .. "first 0 or -1: margins of the classes in a list over those that are not.",
    "nn.MultiLabelMarginLoss()(ty.zeros(1, 4), ty.tensor{{2, 0, 0, 0}})\n--> tensor(0.7500)"),
  entry("nn.MultiLabelSoftMarginLoss", "(weight?, reduction = \"mean\")", "Binary cross entropy of logits {N, C}, its mean over "
    .. "the classes.", "nn.MultiLabelSoftMarginLoss()(ty.zeros(1, 2), ty.tensor{{1.0, 0.0}})\n--> tensor(0.6931)"),
  entry("nn.SoftMarginLoss", "(reduction = \"mean\")", "log(1 + exp(-target x)) of targets 1 and -1.",
    "nn.SoftMarginLoss()(ty.zeros(2), ty.tensor{1.0, -1.0})\n--> tensor(0.6931)"),
  entry("nn.GaussianNLLLoss", "(full = false, eps = 1e-6, reduction = \"mean\")", "Called with input, target and var: minus the "
    .. "log-likelihood of normal distributions. full adds the constant.",
    "nn.GaussianNLLLoss()(ty.zeros(2), ty.ones(2), ty.ones(2))\n--> tensor(0.5000)"),
  entry("nn.CTCLoss", "(blank = 1, reduction = \"mean\", zero_infinity = false)", "Called with log_probs {T, N, C}, targets, "
    .. "input_lengths and target_lengths: the loss of labels whose places in time are not known. blank is the class, from 1, "
    .. "that stands for no label (PyTorch's 0 is 1).",
    "local log_p = F.log_softmax(ty.zeros(4, 1, 3), 3)\nprint(nn.CTCLoss()(log_p, ty.tensor{{2, 3}}, {4}, {2}))\n"
    .. "--> tensor(0.8432)"),
  entry("nn.TripletMarginWithDistanceLoss", "(distance_function?, margin = 1.0, swap = false, reduction = \"mean\")",
    "TripletMarginLoss by any distance: a function of two tensors that gives a distance for each pair.",
    "local function manhattan(a, b) return (a - b):abs():sum(2) end\nlocal loss = nn.TripletMarginWithDistanceLoss(manhattan)\n"
    .. "print(loss(ty.zeros(1, 2), ty.ones(1, 2), -ty.ones(1, 2)))\n--> tensor(1.)"),
  entry("F.triplet_margin_with_distance_loss", "(anchor, positive, negative, {distance_function, margin = 1.0, swap = false, "
    .. "reduction = \"mean\"})", "max(0, d(anchor, positive) - d(anchor, negative) + margin), d being distance_function, by "
    .. "default pairwise_distance. swap: d(positive, negative) counts where it is smaller.",
    "F.triplet_margin_with_distance_loss(ty.zeros(1, 2), ty.zeros(1, 2), ty.ones(1, 2), {margin = 2})\n--> tensor(0.5858)"),
  entry("nn.AdaptiveLogSoftmaxWithLoss", "(in_features, n_classes, cutoffs, div_value = 4.0, head_bias = false, device?, dtype?)",
    "The log-softmax of very many classes, the most frequent first (Grave et al. 2017). cutoffs: how many classes come before "
    .. "each cluster. Called with input {N, in_features} and classes {N} it gives two results: the log-probability of each "
    .. "target, and the loss.",
    "local net = nn.AdaptiveLogSoftmaxWithLoss(8, 20, {5, 10}, {div_value = 2})\n"
    .. "local output, loss = net(ty.randn(4, 8), ty.tensor{1, 5, 6, 20})\nprint(output.shape, loss.shape)\n--> {4}\t{}"),
  entry("nn.AdaptiveLogSoftmaxWithLoss:reset_parameters", "()", "Draws the weights anew.",
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, {5, 10}):reset_parameters()"),
  entry("nn.AdaptiveLogSoftmaxWithLoss:log_prob", "(input) -> Tensor", "The log-probabilities of all classes, {N, n_classes}.",
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, {5, 10}):log_prob(ty.ones(2, 8)).shape\n--> {2, 20}"),
  entry("nn.AdaptiveLogSoftmaxWithLoss:predict", "(input) -> Indices", "The most likely class of each example, from 1.",
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, {5, 10}):predict(ty.ones(2, 8)).shape\n--> {2}"),
}}
