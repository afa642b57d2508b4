-- The command `visualize`: what a trained model sees. The features of the hidden layer in two dimensions, by principal
-- components and by t-SNE, a colour for each digit; and the first test images with the answers.

local ty = require "tycho"
local plot = ty.plot
local data = require "corruptmnist.data"
local evaluate = require "corruptmnist.evaluate"

-- The digit of a class: classes count from 1.
local function digits_of(targets) return (targets - 1):totable() end

local function draw_features(features, targets, args)
  local fig, axes = plot.subplots(1, 2, {size = {1100, 520}, title = "Features of the hidden layer"})
  local pca = ty.manifold.PCA(2)
  local places = pca:fit_transform(features)
  local colors = digits_of(targets)
  local share = pca.explained_variance_ratio
  axes[1]:scatter(places[{{}, 1}], places[{{}, 2}], {color = colors, size = 0.6})
  axes[1]:title(("PCA (%.0f %% of the variance)"):format(100 * share:sum():item())):xlabel("component 1"):ylabel("component 2")
  local tsne = ty.manifold.TSNE {perplexity = args.perplexity, max_iter = args.iterations}
  places = tsne:fit_transform(features)
  axes[2]:scatter(places[{{}, 1}], places[{{}, 2}], {color = colors, size = 0.6})
  axes[2]:title(("t-SNE (perplexity %g)"):format(args.perplexity)):legend("outside")
  print(("t-SNE of %d points: %d steps, divergence %.3f"):format(#features, tsne.n_iter, tsne.kl_divergence))
  fig:savefig(args.out .. "/features.png")
  print("wrote " .. args.out .. "/features.png")
end

local function draw_images(net, images, targets, path)
  local answers = ty.no_grad(function() return net(images):argmax(2) end)
  local titles, colors, answered, right = {}, {}, digits_of(answers), digits_of(targets)
  for i, digit in ipairs(right) do
    titles[i] = answered[i] == digit and tostring(digit) or ("%d, not %d"):format(digit, answered[i])
    colors[i] = answered[i] == digit and "green" or "red"
  end
  plot.image_grid(images, {titles = titles, title_colors = colors, cols = 8,
    title = "Digits (green: recognised; red: 3, not 5 is a 3 taken for a 5)"}):savefig(path)
  print("wrote " .. path)
end

return function(args, here)
  local net = evaluate.load(args.model)
  local test = data.load(here, args.data, args.digits, false)
  local count = math.min(args.points, #test)
  local images, targets = test.data[{{1, count}}], test.targets[{{1, count}}]
  draw_images(net, images[{{1, math.min(32, count)}}], targets[{{1, math.min(32, count)}}], args.out .. "/images.png")
  local parts = {}
  ty.no_grad(function()
    for _, batch in ipairs(images:split(500)) do parts[#parts + 1] = net:features(batch) end
  end)
  draw_features(ty.cat(parts), targets, args)
end
