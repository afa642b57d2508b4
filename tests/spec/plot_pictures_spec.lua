--[[
What a person sees in the pictures of tycho.plot, proven by their pixels: each kind of drawing stands where its data say,
images are upright, texts and legends are inside the page, and making many pictures leaves nothing behind. Needs gnuplot.
]]

local ty = require "tycho"
local pictures = require "support.pictures"
local plot, nn = ty.plot, ty.nn

local BLUE, ORANGE, GREEN = "#0072b2", "#e67e00", "#009e73"
local folder

local function save(fig, options)
  local path = folder .. "/a.png"
  fig:savefig(path, options)
  return pictures.open(path)
end

local function error_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

local function assert_near(expected, got, tolerance)
  assert.is_true(math.abs(expected - got) <= tolerance, ("%g is not within %g of %g"):format(got, tolerance, expected))
end

describe("a picture of a plot", function()
  before_each(function()
    folder = pictures.new_folder()
    pictures.with_environment({})
    plot.close()
  end)
  after_each(function()
    pictures.real_environment()
    os.execute(("rm -rf '%s'"):format(folder))
  end)

  it("has its size, and more pixels at more dpi in the same layout", function()
    local fig = plot.figure{size = {300, 200}}
    fig:bar({1, 2})
    local small = save(fig)
    assert.same({300, 200}, {small.width, small.height})
    local large = save(fig, {dpi = 192})
    assert.same({600, 400}, {large.width, large.height})
    local a, b = small.box(BLUE), large.box(BLUE)
    for i = 1, 4 do
      assert_near(a[i] * 2, b[i], 4)
    end
    assert.truthy(error_of(fig.savefig, fig, folder .. "/a.png", {dpi = 1e6}):find("more than 20000 pixels", 1, true))
  end)

  it("shows bars as high and as far to the right as their values", function()
    local picture = save(plot.figure{size = {400, 300}}:bar({1, 2}, {color = "blue"}):bar({2, 1}, {color = "red"}):ylim(0, 4))
    local blue, red = picture.box("#1f77b4"), picture.box("#d62728")
    -- side by side, the first series to the left at each place
    assert.is_true(blue[1] < red[1] and blue[3] < red[3])
    assert_near(blue[2], red[2], 1)
    local inside = save(plot.figure{size = {400, 300}}:barh({1, 4}, {color = "red"}):xlim(0, 4))
    local box = inside.box("#d62728")
    local half = (box[1] + box[3]) // 2
    -- the first bar is below and a quarter as long
    assert.equal(0, inside.count("#d62728", {half, (box[2] + box[4]) // 2 + 10, 400, 300}))
    assert.is_true(inside.count("#d62728", {half, 1, 400, (box[2] + box[4]) // 2 - 10}) > 1000)
  end)

  it("counts a histogram", function()
    local picture = save(plot.figure{size = {400, 300}}:hist({1, 1, 1, 3, 3, 5}, {bins = 4, range = {1, 5}}))
    local box = picture.box(BLUE)
    local w = (box[3] - box[1]) / 4
    local function height_at(k)
      local x = math.floor(box[1] + (k - 0.5) * w)
      return picture.count(BLUE, {x, 1, x, 300})
    end
    assert.equal(0, height_at(2))
    assert_near(height_at(1) * 2 / 3, height_at(3), 2)
    assert_near(height_at(1) / 3, height_at(4), 2)
  end)

  it("shows images upright, in gray and in colour, each with its range", function()
    local gray = {}
    for i = 1, 10 do
      gray[i] = {}
      for j = 1, 10 do
        gray[i][j] = i <= 5 and j <= 5 and 1 or 0
      end
    end
    local picture = save(plot.figure{size = {200, 200}}:image(gray))
    assert.same({255, 255, 255}, {picture.at(50, 50)})
    assert.same({0, 0, 0}, {picture.at(150, 50)})
    assert.same({0, 0, 0}, {picture.at(50, 150)})
    plot.close()
    -- red above, green below
    local color = ty.zeros(3, 4, 4)
    color[{1, {1, 2}}] = 1
    color[{2, {3, 4}}] = 1
    picture = save(plot.figure{size = {200, 200}}:imshow(color))
    assert.same({255, 0, 0}, {picture.at(100, 50)})
    assert.same({0, 255, 0}, {picture.at(100, 150)})
    picture = save(plot.figure{size = {200, 200}}:imshow({{0.5, 0.5}, {0.5, 0.5}}, {vmin = 0, vmax = 1}))
    assert_near(128, (picture.at(100, 100)), 2)
    -- coordinates of the data: the first row is at the top of the extent
    picture = save(plot.figure{size = {300, 200}}:image(gray, {extent = {0, 1, 0, 1}}))
    assert.is_true(picture.at(100, 60) > 250 and picture.at(250, 60) < 5)
  end)

  it("keeps the shape of an image in a place of another shape", function()
    local picture = save(plot.figure{size = {600, 200}}:image(ty.ones(10, 10), {vmin = 0, vmax = 2}))
    local box = picture.box("#808080")
    assert_near(box[3] - box[1], box[4] - box[2], 2)
    assert_near(300, (box[1] + box[3]) / 2, 5)
  end)

  it("puts a grid of images in rows, in order, under their titles", function()
    local images = ty.zeros(6, 1, 4, 4)
    for i = 1, 6 do
      images[i] = (i - 1) / 5
    end
    local fig = plot.image_grid(images, {cols = 3, titles = {"1", "2", "3", "4", "5", "6"}, vmin = 0, vmax = 1,
                                         size = {300, 240}})
    local picture = save(fig)
    for i = 1, 6 do
      local x, y = 50 + (i - 1) % 3 * 100, 72 + (i - 1) // 3 * 120
      assert_near((i - 1) / 5 * 255, (picture.at(x, y)), 2)
    end
    assert.is_true(picture.ink{30, 1, 70, 22} > 5)
    assert.truthy(error_of(plot.image_grid, images, {titles = {"a"}}):find("6 images and 1 titles", 1, true))
    assert.truthy(error_of(plot.image_grid, {}):find("no images given", 1, true))
  end)

  it("views a classified image: image at the left, bars at the right", function()
    local fig = plot.view_classify(ty.ones(1, 8, 8), ty.tensor{0.25, 0.75}, {"cat", "dog"})
    local picture = save(fig)
    assert.is_nil(next(fig.axes[1].texts))
    local box = picture.box(BLUE)
    assert.is_true(box[1] > picture.width / 2)
    -- the first class stands below, a third as long
    local half = (box[2] + box[4]) // 2
    local below, above = picture.count(BLUE, {1, half + 5, 2000, 2000}), picture.count(BLUE, {1, 1, 2000, half - 5})
    assert_near(3, above / below, 0.4)
    local logs = ty.tensor{0.25, 0.75}:log()
    plot.view_classify(ty.ones(64), logs)
    assert_near(0.75, plot.gcf().axes[2].marks[1].heights[2], 1e-6)
    local message = error_of(plot.view_classify, ty.ones(1, 8, 8), {0.5, 0.5}, {"cat"})
    assert.truthy(message:find("2 probabilities and 1 classes", 1, true), message)
  end)

  it("fills the regions of a classifier and leaves the model as it was", function()
    local model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    ty.no_grad(function()
      model[1].weight:copy_(ty.tensor{{-1.0, 0.0}, {1.0, 0.0}})
      model[1].bias:zero_()
    end)
    model:train()
    model[2]:eval()
    local sizes, grads = {}, {}
    local function watched(x)
      sizes[#sizes + 1] = x.shape[1]
      grads[#grads + 1] = model(x).requires_grad
      return model(x)
    end
    local X = ty.tensor{{-1.0, -1.0}, {1.0, 1.0}, {-1.0, 1.0}, {1.0, -1.0}}
    local y = ty.tensor{1, 2, 1, 2}
    local fig = plot.figure{size = {400, 300}}:decision_boundary(watched, X, y, {resolution = 20, batch_size = 150})
    assert.same({150, 150, 100}, sizes)
    assert.same({false, false, false}, grads)
    local picture = save(fig)
    -- blue over white at 0.3 at the left, orange at the right
    local left, right = {picture.at(120, 150)}, {picture.at(320, 150)}
    assert.is_true(left[3] > left[1] + 30 and right[1] > right[3] + 30)
    fig:decision_boundary(model, X, y)
    assert.is_true(model.training and model[1].training and not model[2].training)
    local fails = nn.class "Fails"
    function fails:init() self.inner = nn.Linear(2, 2) end
    function fails.forward() error("no such thing") end
    local broken = fails()
    error_of(fig.decision_boundary, fig, broken, X, y)
    assert.is_true(broken.training and broken.inner.training)
    assert.is_true(ty.is_grad_enabled())
  end)

  it("takes one score for two classes and says what does not fit", function()
    local X, fig = ty.tensor{{0.0, 0.0}, {1.0, 1.0}}, plot.figure{size = {300, 300}}
    fig:decision_boundary(function(x) return x:select(2, 1) - 0.5 end, X, {0, 1}, {resolution = 10})
    local axes = fig.axes[1]
    assert.same({1, 2}, axes.marks[2].classes)
    assert.same({"0", "1"}, axes.marks[2].labels)
    local picture = save(fig)
    local left, right = {picture.at(80, 150)}, {picture.at(250, 150)}
    assert.is_true(left[3] > left[1] + 30 and right[1] > right[3] + 30)
    local two = function(x) return x end
    for expected, call in pairs {
      ["X has the shape 3x3"] = function() fig:decision_boundary(two, ty.ones(3, 3)) end,
      ["X has 2 points and y has 3 classes"] = function() fig:decision_boundary(two, X, {1, 2, 1}) end,
      ["y[2] is 3, but the model tells 2 classes apart"] = function() fig:decision_boundary(two, X, {1, 3}) end,
      ["y has 3 classes, but the model gives one number"] = function()
        fig:decision_boundary(function(x) return x:sum(2) end, ty.ones(3, 2), {1, 2, 3})
      end,
      ["the model is a number"] = function() fig:decision_boundary(3, X) end,
      ["the model returned a nil"] = function() fig:decision_boundary(function() end, X) end,
      ["the model answered 1x2 to"] = function()
        fig:decision_boundary(function() return ty.ones(1, 2) end, X, {resolution = 10})
      end,
    } do
      local message = error_of(call)
      assert.truthy(message:find(expected, 1, true), message)
    end
  end)

  it("shows a confusion matrix: rows are the true classes", function()
    local picture = save(plot.confusion_matrix({1, 1, 2, 2}, {1, 2, 2, 2}, {classes = {"cat", "dog"}, cmap = "gray"}))
    assert.same({{1, 1}, {0, 2}}, (function()
      local mark = plot.gcf().axes[1].marks[1]
      return {{mark.flat[1], mark.flat[2]}, {mark.flat[3], mark.flat[4]}}
    end)())
    local white = picture.box("#000000")
    assert.is_table(white)
    -- the lower left cell is 0, black; the lower right one 2, white
    assert.is_true(white[1] < picture.width / 2 and white[2] > picture.height * 0.35)
    assert.truthy(error_of(plot.confusion_matrix, {{1, 2}}):find("the shape 1x2", 1, true))
    assert.truthy(error_of(plot.confusion_matrix, {1, 2}, {1}):find("differ in length: 2 and 1", 1, true))
    assert.truthy(error_of(plot.confusion_matrix, {0, 1}, {1, 1}):find("targets[1] is 0", 1, true))
    assert.truthy(error_of(plot.confusion_matrix, {{1, 2}, {3, 4}}, {"a"}):find("2 classes and 1 names", 1, true))
  end)

  it("draws heat maps with the first row on top and a scale beside them", function()
    local picture = save(plot.figure{size = {400, 400}}:heatmap({{1, 1}, {0, 0}}, {cmap = "gray", annot = false}))
    local black = picture.count("#000000", {60, 1, 250, 150})
    assert.equal(0, black)
    assert.is_true(picture.count("#000000", {60, 230, 250, 380}) > 5000)
    -- the scale: dark below, bright above, near the right edge
    assert.is_true(picture.ink{300, 200, 360, 400} > picture.ink{300, 1, 360, 200})
  end)

  it("fills contours by their levels", function()
    local Z = {}
    for i = 1, 10 do
      Z[i] = {}
      for j = 1, 10 do
        Z[i][j] = j
      end
    end
    local picture = save(plot.figure{size = {400, 300}}:contourf(Z, {levels = {1, 5.5, 10}, cmap = "gray"}))
    local dark, bright = {picture.at(120, 150)}, {picture.at(320, 150)}
    assert.is_true(dark[1] < 100 and bright[1] > 150)
    -- the border is half way
    local x = 60
    while picture.at(x, 150) < 100 and x < 390 do
      x = x + 1
    end
    local box = {45, 390}
    assert_near((box[1] + box[2]) / 2, x, 15)
    local lines = save(plot.figure{size = {400, 300}}:contour(Z, {levels = {5.5}, color = "red"}))
    local red = lines.box("#d62728")
    assert.is_true(red[3] - red[1] < 6)
    assert_near(x, (red[1] + red[3]) / 2, 6)
    assert.truthy(error_of(plot.contour, {1, 2}):find("Z has the shape 2", 1, true))
    assert.truthy(error_of(plot.contour, {1, 2}, {1, 2, 3}, {{1, 2}, {3, 4}}):find("Z has 2 rows and Y has 3", 1, true))
    assert.truthy(error_of(plot.contour, {2, 1}, {1, 2}, {{1, 2}, {3, 4}}):find("X must ascend", 1, true))
  end)

  it("fills between curves, draws bars of errors, boxes, guides and steps", function()
    local fig = plot.figure{size = {400, 300}}:fill_between({1, 2, 3}, {1, 1, 1}, {2, 2, 2}, {alpha = 1}):ylim(0, 4)
    local box = save(fig).box(BLUE)
    assert_near(0.25, (box[4] - box[2]) / (300 - 40), 0.04)
    local where = save(plot.figure{size = {400, 300}}:fill_between({1, 2, 3, 4}, 0, 1, {where = {true, true, false, false},
                                                                                       alpha = 1}):xlim(1, 4))
    assert.is_true(where.box(BLUE)[3] < 190)
    local err = save(plot.figure{size = {400, 300}}:errorbar({1, 2, 3}, {1, 2, 3}, {yerr = {0, 1, 0}}):ylim(0, 4))
    assert.is_true(err.count(BLUE) > 200)
    local boxes = save(plot.figure{size = {400, 300}}:boxplot({{1, 2, 3, 4, 5}, {1, 2, 3, 4, 50}}))
    assert.is_true(boxes.count("#cc3d3d") > 100)
    local lines = save(plot.figure{size = {400, 300}}:line({0, 4}):axhline(2, {color = "red"}):axvline(1.5, {color = "green"}))
    local red, green = lines.box("#d62728"), lines.box("#2ca02c")
    assert.is_true(red[4] - red[2] <= 2 and red[3] - red[1] > 300 and green[3] - green[1] <= 2)
    assert.truthy(error_of(plot.errorbar, {1, 2}, {yerr = {1, -1}}):find("yerr[2] is -1", 1, true))
    assert.truthy(error_of(plot.fill_between, {1, 2}, {1}):find("xs and y1 differ in length: 2 and 1", 1, true))
    assert.truthy(error_of(plot.boxplot, {{1}, {2}}, {labels = {"a"}}):find("2 samples and 1 labels", 1, true))
  end)

  it("measures a line of the right side on the right axis", function()
    local axes = plot.figure{size = {400, 300}}:subplot(1, 1, 1)
    axes:line({0, 1}):ylim(0, 1)
    axes:twinx():line({0, 100}):ylim(0, 100):ylabel("per cent")
    local picture = save(axes)
    -- the same place on both scales: the second line covers the first
    assert.is_true(picture.count(ORANGE) > 200 and picture.count(BLUE) < 30)
    assert.is_true(picture.ink{360, 100, 400, 200} > 50)
  end)

  it("gives shared axes the same ends, and numbers only outside", function()
    local fig, axes = plot.subplots(2, 2, {sharex = true, sharey = "row", size = {500, 400}})
    axes[1][1]:line({1, 2}, {1, 2})
    axes[2][2]:line({5, 9}, {7, 8})
    for i = 1, 4 do
      local x1, x2 = axes.flat[i]:span()
      assert.same({1, 9}, {x1, x2})
    end
    local _, _, low = axes[1][2]:span()
    local _, _, other = axes[1][1]:span()
    assert.equal(other, low)
    axes[1][1]:xlim(0, 20)
    assert.equal(20, select(2, axes[2][1]:span()))
    save(fig)
    assert.is_true(axes[1][1].hide_x and axes[1][2].hide_y and not axes[2][1].hide_x)
  end)

  it("returns the grid of axes as rows, as a list, or alone", function()
    local _, one = plot.subplots()
    assert.truthy(one.line)
    local _, row = plot.subplots(1, 3)
    assert.equal(3, #row)
    local _, grid = plot.subplots{rows = 2, cols = 3}
    assert.equal(grid.flat[5], grid[2][2])
    assert.truthy(error_of(plot.subplots, 0, 2):find("rows is 0", 1, true))
    assert.truthy(error_of(plot.subplots, 1, 2, {sharex = "maybe"}):find("sharex is", 1, true))
  end)

  it("keeps texts on the page however long they are", function()
    local fig = plot.figure{size = {400, 300}, title = ("A long title "):rep(10)}
    fig:barh({("a long name "):rep(5), "b"}, {1, 2}):xlabel(("long "):rep(30)):ylabel(("long "):rep(30))
    local picture = save(fig)
    for _, edge in ipairs {{1, 1, 400, 1}, {1, 300, 400, 300}, {1, 1, 1, 300}, {400, 1, 400, 300}} do
      assert.equal(0, picture.ink(edge))
    end
    assert.is_true(picture.count(BLUE) > 500)
  end)

  it("puts the legend where it is told, on the page", function()
    local places = {["upper left"] = {1, 1}, ["lower right"] = {3, 3}, center = {2, 2}, right = {3, 2}}
    for place, cell in pairs(places) do
      local fig = plot.figure{size = {600, 450}}
      fig:line({0 / 0}, {label = "loss", width = 6}):xlim(0, 1):ylim(0, 1):legend(place)
      local box = save(fig).box(BLUE)
      assert.equal(cell[1], math.ceil((box[1] + box[3]) / 2 / 200), place)
      assert.equal(cell[2], math.ceil((box[2] + box[4]) / 2 / 150), place)
    end
    local fig = plot.figure{size = {600, 300}}:line({1, 2}, {label = "a fairly long label", color = "red"}):legend("outside")
    local picture = save(fig)
    assert.equal(0, picture.ink{600, 1, 600, 300})
    assert.is_true(picture.ink{440, 1, 599, 60} > 50)
  end)

  it("has the colours of its theme", function()
    local picture = save(plot.figure{theme = "dark", size = {300, 200}}:line({1, 2}))
    assert.same({0x15, 0x18, 0x1d}, {picture.at(2, 2)})
    assert.is_true(picture.count("#4da8e8") > 100)
    plot.theme("dark")
    assert.same({0x15, 0x18, 0x1d}, {save(plot.figure{size = {300, 200}}:line({1, 2})).at(2, 2)})
    plot.theme("light")
    assert.truthy(error_of(plot.theme, "pink"):find("unknown theme", 1, true))
  end)

  it("takes tensors of every dtype, with a gradient, and views", function()
    for _, dtype in ipairs {"float16", "bfloat16", "float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"} do
      local fig = plot.figure{size = {200, 150}}:line(ty.tensor({0, 1, 1}, {dtype = ty[dtype]}))
      assert.is_true(save(fig).count(BLUE) > 50, dtype)
    end
    local x = ty.randn(3, 4, {requires_grad = true})
    plot.figure():line(x[1]):hist(x):scatter(x[{{}, 1}], (x * 2)[{{}, 2}]):image(x:t())
  end)

  it("shows every kind in .svg and .pdf too", function()
    local fig, axes = plot.subplots(2, 2)
    axes[1][1]:contourf({{1, 2}, {3, 4}}, {colorbar = "height"}):contour({{1, 2}, {3, 4}}, {clabel = true})
    axes[1][2]:heatmap({{1, 2}, {3, 4}}):title("a_b^c {x} \\ 50%")
    axes[2][1]:line({1, 2}):annotate("here", {1, 1}, {1.5, 1.2}, {box = true}):text(1, 2, "there", {rotation = 30})
    axes[2][2]:scatter({1, 2}, {1, 2}, {color = {0.1, 0.2}}):axhspan(1, 1.5):axvspan(1, 1.2)
    fig:savefig(folder .. "/a.svg")
    fig:savefig(folder .. "/a.pdf")
    local file = io.open(folder .. "/a.svg")
    local svg = file:read("a")
    file:close()
    for _, text in ipairs {"a_b^c {x} \\ 50%", "height", "here", "there"} do
      assert.truthy(svg:find(text, 1, true), text)
    end
  end)

  it("leaves no process, pipe or file behind, however many there are", function()
    local function count(what)
      local pipe = io.popen(what)
      local n = tonumber(pipe:read("a"):match("%d+"))
      pipe:close()
      return n
    end
    local pid = require("tycho.core").process.getpid()
    local fig = plot.figure{size = {60, 60}}:line({1, 2})
    fig:savefig(folder .. "/a.png")
    local children = ("ps -o pid= --ppid %d | wc -l"):format(pid)
    local descriptors = ("ls /proc/%d/fd | wc -l"):format(pid)
    collectgarbage()
    local before, open_before = count(children), count(descriptors)
    for i = 1, 20 do
      plot.figure{size = {60, 60}}:line({1, i}):savefig(folder .. "/a.png")
    end
    collectgarbage()
    assert.equal(before, count(children))
    -- what other tests left to the collector may be gone by now
    assert.is_true(count(descriptors) <= open_before)
    assert.equal(1, count(("ls -A '%s' | wc -l"):format(folder)))
  end)

  it("is drawn quickly from a million points", function()
    local x = ty.linspace(0, 100, 1000000)
    local picture = save(plot.figure{size = {400, 300}}:line(x, x:sin()):scatter(x, x:cos(), {color = "green"}))
    assert.is_true(picture.count("#2ca02c") + picture.count(GREEN) > 1000)
  end)
end)
