-- The binding table and what every call through it promises: arguments by position or by name, defaults, errors that say
-- what was wrong at the user's line, counting from 1 for every argument and result declared as a dimension or an index,
-- number subtypes, operators, fields. Uses the C module alone, so it needs nothing of the Lua half.
local core = require "tycho.core"
local ty = setmetatable({}, {__index = function(_, name) return core.functions[name] or core.dtypes[name] end})
local F, init = core.F, core.init

-- The message of an error that f(...) must raise.
local function failure(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok, "no error was raised")
  return message
end

local function assert_fails(pattern, f, ...)
  local message = failure(f, ...)
  assert.truthy(message:find(pattern), ("%q does not match %q"):format(message, pattern))
end

-- A value that compares by content: tensors become nested tables.
local function plain(v)
  if core.is_tensor(v) then
    return v:totable()
  elseif type(v) == "table" then
    local t = {}
    for k, item in pairs(v) do t[k] = plain(item) end
    return t
  end
  return v
end

local function rows_by_name()
  local list = {}
  for _, row in ipairs(core.rows()) do list[#list + 1] = row end
  return list
end

local function function_of(row)
  for _, scope in ipairs {"functions", "methods", "F", "init", "linalg", "special", "autograd"} do
    if row.scopes[scope] then return core[scope][row.name] end
  end
end

describe("the binding table", function()
  it("documents every row, and every example runs", function()
    local env = setmetatable({ty = setmetatable({linalg = core.linalg, special = core.special,
      autograd = core.autograd}, {__index = ty}), F = F,
      nn = {init = init}}, {__index = _G})
    for _, row in ipairs(rows_by_name()) do
      assert.is_string(row.doc, row.name)
      assert.truthy(#row.doc > 10, row.name)
      if row.example then
        local chunk = load("return " .. row.example, "=example", "t", env) or
          assert(load(row.example, "=example", "t", env))
        assert(pcall(chunk), row.name .. ": " .. row.example)
      end
    end
    ty.manual_seed(0)
  end)

  it("puts each row where its scopes say", function()
    for _, row in ipairs(rows_by_name()) do
      for scope in pairs(row.scopes) do
        assert.is_function(core[scope][row.name], row.name)
      end
    end
  end)
end)

describe("counting from 1", function()
  local function x() return ty.arange(24.0):reshape(2, 3, 4) end
  -- Required arguments that the kind alone does not settle.
  local given = {
    transpose = {dim1 = 2}, permute = {dims = {3, 1, 2}},
    index_select = {index = ty.tensor {1}}, gather = {index = ty.ones(2, 3, 4):long()},
    scatter = {index = ty.ones(2, 3, 4):long(), src = ty.zeros(2, 3, 4)},
    scatter_ = {index = ty.ones(2, 3, 4):long(), src = ty.zeros(2, 3, 4)},
    scatter_add = {index = ty.ones(2, 3, 4):long(), src = ty.zeros(2, 3, 4)},
    scatter_add_ = {index = ty.ones(2, 3, 4):long(), src = ty.zeros(2, 3, 4)},
    var = {dim = {1}}, std = {dim = {1}}, split = {split_size = 1},
    roll = {shifts = 1}, repeat_interleave = {repeats = 2}, quantile = {q = 0.5}, swapaxes = {dim1 = 2}, swapdims = {dim1 = 2},
  }
  local base = {
    Tensor = x, Tensors = function() return {x(), x()} end, int = function() return 1 end,
    dim = function() return 1 end, dims = function() return {1} end, index = function() return 1 end,
    sizes = function() return {1, 1} end, number = function() return 1 end,
  }
  -- An op of an area by its name too.
  local function key(row)
    local scopes = row.scopes
    return (scopes.functions or scopes.methods or scopes.F) and row.name or (scopes.linalg and "linalg." or "") .. row.name
  end
  local cube = ty.arange(27.0):reshape(3, 3, 3)
  given["linalg.cross"], given.cross = {input = cube, other = cube:sin()}, {input = cube, other = cube:sin()}
  given["linalg.matrix_norm"], given["linalg.norm"] = {ord = "fro", dim = {1, 2}}, {ord = "fro", dim = {1, 2}}
  given["linalg.tensorsolve"] = {A = ty.eye(6):reshape(6, 2, 3), B = ty.ones(2, 3)}
  local all, first = ty.ones(2, 3, 4):long(), ty.tensor {1}
  for _, name in ipairs {"", "_"} do
    given["scatter_reduce" .. name] = {index = all, src = ty.zeros(2, 3, 4), reduce = "sum"}
    given["index_reduce" .. name] = {input = cube, index = first, source = cube:narrow(1, 1, 1), reduce = "amax"}
    given["index_add" .. name] = {input = cube, index = first, source = cube:narrow(1, 1, 1)}
    given["index_copy" .. name], given["index_fill" .. name] = given["index_add" .. name], {index = first, value = 2}
    given["renorm" .. name] = {p = 2, maxnorm = 1}
  end
  given.nanquantile, given.take_along_dim, given.tensor_split = {q = 0.5}, {indices = all}, {sections = 1, indices = first}
  for _, name in ipairs {"index_add", "index_add_", "index_copy", "index_copy_", "index_reduce", "index_reduce_"} do
    given[name].source = ty.ones(1, 1, 1) -- of one position in each dimension of a tensor of one element
    given[name].input = function() return ty.zeros(1, 1, 1) end -- fresh for each call: some change it
  end
  given.select_scatter = {src = ty.ones(2, 2), input = ty.zeros(2, 2, 2)}
  given.slice_scatter = {src = ty.ones(2, 3, 4)}
  given.diagonal_scatter = {input = cube, src = ty.ones(3, 3)}
  given.rot90 = {dims = {1, 2}}
  given.diag_embed = {input = ty.ones(2, 3)}
  local defaults = {diag_embed = {dim1 = 1, dim2 = 1}, diagonal_scatter = {dim1 = 1, dim2 = 2},
    ["linalg.diagonal"] = {dim1 = 1, dim2 = 1}, flatten = {end_dim = -1}, diagonal = {dim1 = 1, dim2 = 2}}

  given.unflatten = {sizes = {-1}}
  given.embedding = {input = ty.tensor {1, 2}, weight = ty.ones(2, 3)}
  given.embedding_bag = {input = ty.tensor {{1, 2}}, weight = ty.ones(2, 3)}

  local function arguments(row, form)
    local args = {}
    for _, arg in ipairs(form.args) do
      local value = (given[key(row)] or {})[arg.name]
      if value == nil and not arg.optional then
        assert(base[arg.kind], row.name .. ": no sample of " .. arg.kind)
        value = base[arg.kind]()
      end
      if type(value) == "function" then value = value() end
      args[arg.name] = value
    end
    return args
  end

  -- Negative ones count from the end on both sides, so 1 must do what minus the number of dimensions does.
  it("holds for every argument declared as a dimension", function()
    local proven = 0
    for _, row in ipairs(rows_by_name()) do
      for _, form in ipairs(row.forms) do
        for _, arg in ipairs(form.args) do
          if arg.kind == "dim" or arg.kind == "dims" then
            local called, label = function_of(row), row.name .. "." .. arg.name
            local function f(...)
              ty.manual_seed(0)
              return called(...)
            end
            local span = (row.name == "unsqueeze" or row.name == "stack") and 4 or 3
            local args = arguments(row, form)
            local value = args[arg.name] or (defaults[key(row)] or {})[arg.name] or 1
            local zero, negative
            if type(value) == "table" then
              zero, negative = {0}, {}
              for i, d in ipairs(value) do negative[i] = d - span - 1 end
            else
              zero, negative = 0, value < 0 and value + span + 1 or value - span - 1
            end
            args[arg.name] = value
            local one = plain {f(args)}
            args = arguments(row, form)
            args[arg.name] = negative
            assert.same(plain {f(args)}, one, label)
            args = arguments(row, form)
            args[arg.name] = zero
            assert_fails("indices count from 1", f, args)
            proven = proven + 1
          end
        end
      end
    end
    assert.truthy(proven > 40)
  end)

  it("holds for every argument declared as a position", function()
    for _, row in ipairs(rows_by_name()) do
      for _, form in ipairs(row.forms) do
        for _, arg in ipairs(form.args) do
          local label = row.name .. "." .. arg.name
          if arg.kind == "index" and label ~= "ctc_loss.blank" and label ~= "slice_scatter.end" then
            local f, args = function_of(row), arguments(row, form)
            local one = plain {f(args)}
            args = arguments(row, form)
            args[arg.name] = -2 -- dimension 1 has 2 elements
            assert.same(plain {f(args)}, one, label)
            args = arguments(row, form)
            args[arg.name] = 0
            assert_fails("indices count from 1", f, args)
          end
        end
      end
    end
    local steps = F.log_softmax(ty.arange(6.0):reshape(2, 1, 3), 3)
    local by_default = F.ctc_loss(steps, ty.tensor {{3}}, {2}, {1}):item()
    assert.equal(by_default, F.ctc_loss(steps, ty.tensor {{3}}, {2}, {1}, 1):item())
    assert.not_equal(by_default, F.ctc_loss(steps, ty.tensor {{3}}, {2}, {1}, 2):item())
    assert_fails("indices count from 1", F.ctc_loss, steps, ty.tensor {{3}}, {2}, {1}, 0)
    local log_p = ty.tensor {{-1.0, -2.0}, {-3.0, -4.0}}
    assert.equal(1.0, F.nll_loss(log_p, ty.tensor {1, 2}, {ignore_index = 2}):item())
    assert.equal(4.0, F.nll_loss(log_p, ty.tensor {1, 2}, {ignore_index = 1}):item())
    assert.equal(4.0, F.nll_loss(log_p, ty.tensor {-100, 2}):item())
  end)

  it("takes a class 0 where it is to be ignored, and nowhere else", function()
    local log_p = ty.tensor {{-1.0, -2.0}, {-3.0, -4.0}}
    for _, ignored in ipairs {0, -1, -100, 3, 255} do
      assert.equal(4.0, F.nll_loss(log_p, ty.tensor {ignored, 2}, {ignore_index = ignored}):item())
      assert.equal(4.0, F.nll_loss(log_p, {ignored, 2}, {ignore_index = ignored}):item())
      assert.equal(F.cross_entropy(log_p:narrow(1, 2, 1), ty.tensor {2}):item(),
        F.cross_entropy(log_p, ty.tensor {ignored, 2}, {ignore_index = ignored}):item())
    end
    assert.equal(0.0, F.nll_loss(log_p, ty.tensor {0, 0}, {ignore_index = 0, reduction = "sum"}):item())
    assert_fails("target 0 is no class: classes count from 1", F.cross_entropy, log_p, ty.tensor {0, 2})
    assert_fails("target 0 is no class.*say ignore_index = 0", F.nll_loss, log_p, ty.tensor {0, 2}, {ignore_index = 1})
  end)

  local function zeros(n) return ty.zeros(n, {dtype = "int64"}) end
  -- One case each, as the meaning of a position differs; the walk below finds rows without a case.
  local inputs = {
    multi_margin_loss = function() return F.multi_margin_loss(ty.tensor {0.0, 2.0}, ty.tensor(2)), 0.0 end,
    index_select = function() return ty.tensor {10, 20, 30}:index_select(1, ty.tensor {3, 1}), {30, 10} end,
    gather = function() return ty.tensor {{1, 2}, {3, 4}}:gather(2, ty.tensor {{2}, {1}}), {{2}, {3}} end,
    scatter = function() return ty.zeros(3):long():scatter(1, ty.tensor {2}, ty.tensor {5}), {0, 5, 0} end,
    scatter_ = function() return ty.zeros(3):long():scatter_(1, ty.tensor {3}, 5), {0, 0, 5} end,
    scatter_add = function()
      return ty.zeros(2):long():scatter_add(1, ty.tensor {2, 2}, ty.tensor {1, 1}), {0, 2}
    end,
    scatter_add_ = function()
      return ty.zeros(2):long():scatter_add_(1, ty.tensor {1, 1}, ty.tensor {1, 1}), {2, 0}
    end,
    embedding = function() return F.embedding(ty.tensor {3, 1}, ty.tensor {{1.0}, {2.0}, {3.0}}), {{3.0}, {1.0}} end,
    embedding_bag = function()
      local got = F.embedding_bag(ty.tensor {3, 1, 1}, ty.tensor {{1.0}, {2.0}, {3.0}}, ty.tensor {1, 3}, {mode = "sum"})
      return got, {{4.0}, {1.0}}
    end,
    one_hot = function() return F.one_hot(ty.tensor {1, 3}), {{1, 0, 0}, {0, 0, 1}} end,
    gather_rows = function() return ty.tensor {{1, 2}, {3, 4}}:gather_rows(ty.tensor {2}), {{3.0, 4.0}} end,
    nll_loss = function()
      return F.nll_loss(ty.tensor {{-1.0, -2.0}}, ty.tensor {2}), 2.0
    end,
    cross_entropy = function()
      return F.cross_entropy(ty.tensor {{0.0, -math.huge}}, ty.tensor {1}), 0.0
    end,
    index_put_ = function() return ty.zeros(3):long():index_put_({ty.tensor {1, 3}}, 7), {7, 0, 7} end,
    take = function() return ty.tensor {{10, 20}, {30, 40}}:take(ty.tensor {4, 1}), {40, 10} end,
    bincount = function() return ty.tensor {1, 3, 3}:bincount(), {1, 0, 2} end,
    index_add = function() return zeros(3):index_add(1, ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    index_add_ = function() return zeros(3):index_add_(1, ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    index_copy = function() return zeros(3):index_copy(1, ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    index_copy_ = function() return zeros(3):index_copy_(1, ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    index_fill = function() return zeros(3):index_fill(1, ty.tensor {3}, 5), {0, 0, 5} end,
    index_fill_ = function() return zeros(3):index_fill_(1, ty.tensor {3}, 5), {0, 0, 5} end,
    scatter_reduce = function() return zeros(2):scatter_reduce(1, ty.tensor {2}, ty.tensor {5}, "sum"), {0, 5} end,
    scatter_reduce_ = function() return zeros(2):scatter_reduce_(1, ty.tensor {2}, ty.tensor {5}, "amax"), {0, 5} end,
    index_reduce = function() return zeros(2):index_reduce(1, ty.tensor {2}, ty.tensor {5}, "amax"), {0, 5} end,
    index_reduce_ = function() return zeros(2):index_reduce_(1, ty.tensor {2}, ty.tensor {5}, "amax"), {0, 5} end,
    put = function() return zeros(3):put(ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    put_ = function() return zeros(3):put_(ty.tensor {3, 1}, ty.tensor {5, 6}), {6, 0, 5} end,
    index_put = function() return zeros(3):index_put({ty.tensor {1, 3}}, 7), {7, 0, 7} end,
    take_along_dim = function() return ty.tensor {10, 20}:take_along_dim(ty.tensor {2, 1}, 1), {20, 10} end,
    searchsorted = function()
      return ty.searchsorted(ty.tensor {5, 1}, ty.tensor {3}, {sorter = ty.tensor {2, 1}}), {2}
    end,
    tensor_split = function() return ty.tensor {1, 2, 3}:tensor_split(ty.tensor {3})[1], {1, 2} end,
    hsplit = function() return ty.tensor {1, 2, 3}:hsplit(ty.tensor {3})[1], {1, 2} end,
    vsplit = function() return ty.tensor {{1}, {2}, {3}}:vsplit(ty.tensor {3})[1], {{1}, {2}} end,
    dsplit = function() return ty.tensor {{{1, 2, 3}}}:dsplit(ty.tensor {3})[1], {{{1, 2}}} end,
  }
  local results = {
    argmax = function() return ty.tensor {1, 9, 3}:argmax(), 2 end,
    argmin = function() return ty.tensor {1, 9, 3}:argmin(1), 1 end,
    max = function() return select(2, ty.tensor {1, 9, 3}:max(1)), 2 end,
    min = function() return select(2, ty.tensor {4, 9, 3}:min(1)), 3 end,
    topk = function() return select(2, ty.tensor {1, 9, 3}:topk(2)), {2, 3} end,
    sort = function() return select(2, ty.tensor {4, 9, 3}:sort()), {3, 1, 2} end,
    argsort = function() return ty.tensor {4, 9, 3}:argsort {descending = true}, {2, 1, 3} end,
    nonzero = function() return ty.tensor {0, 5}:nonzero(), {{2}} end,
    median = function() return select(2, ty.tensor {9, 1, 3}:median(1)), 3 end,
    mode = function() return select(2, ty.tensor {9, 3, 3}:mode()), 3 end,
    unique = function() return select(2, ty.tensor {9, 3, 9}:unique {return_inverse = true}), {2, 1, 2} end,
    multinomial = function() return ty.tensor {0.0, 0.0, 1.0}:multinomial(1), {3} end,
    randperm = function() return ty.randperm(4):sort(), {1, 2, 3, 4} end,
    unique_consecutive = function() return select(2, ty.tensor {9, 9, 3}:unique_consecutive(true)), {1, 1, 2} end,
    cummax = function() return select(2, ty.tensor {1, 9, 3}:cummax(1)), {1, 2, 2} end,
    cummin = function() return select(2, ty.tensor {4, 9, 3}:cummin(1)), {1, 1, 3} end,
    kthvalue = function() return select(2, ty.tensor {4, 9, 3}:kthvalue(3)), 2 end,
    nanmedian = function() return select(2, ty.tensor {9, 1, 3}:nanmedian(1)), 3 end,
    searchsorted = function() return ty.searchsorted(ty.tensor {1, 3}, ty.tensor {0, 2, 9}), {1, 2, 3} end,
    bucketize = function() return ty.bucketize(ty.tensor {0, 2, 9}, ty.tensor {1, 3}), {1, 2, 3} end,
    argwhere = function() return ty.tensor {0, 5}:argwhere(), {{2}} end,
    tril_indices = function() return ty.tril_indices(2, 2), {{1, 2, 2}, {1, 1, 2}} end,
    triu_indices = function() return ty.triu_indices(2, 2), {{1, 1, 2}, {1, 2, 2}} end,
  }

  for d = 1, 3 do -- windows over four elements, of which the second is the largest
    local sizes, window, ones, wanted = {1}, {}, {1}, {2}
    for i = 1, d do
      window[i] = i == d and 4 or 1
      sizes[i + 1], ones[i + 1], wanted = window[i], 1, {wanted}
    end
    local image, name = ty.tensor {1.0, 9.0, 3.0, 2.0}:view(sizes), ("%dd"):format(d)
    results["max_pool" .. name] = function()
      return select(2, F["max_pool" .. name](image, window, {return_indices = true})), wanted
    end
    results["adaptive_max_pool" .. name] = function()
      return select(2, F["adaptive_max_pool" .. name](image, table.move(ones, 2, d + 1, 1, {}), {return_indices = true})), wanted
    end
    inputs["max_unpool" .. name] = function()
      local y = F["max_unpool" .. name](ty.tensor {5.0}:view(ones), ty.tensor {2}:view(ones), window)
      return y:view(-1), {0.0, 5.0, 0.0, 0.0}
    end
  end

  it("holds for every tensor of positions that goes in, and every one that comes out", function()
    for _, row in ipairs(rows_by_name()) do
      for _, form in ipairs(row.forms) do
        for _, arg in ipairs(form.args) do
          if arg.kind:find "^Ind" then
            local case = assert(inputs[row.name], "no case for the positions of " .. row.name)
            local got, wanted = case()
            assert.same(wanted, plain(got), row.name)
          end
        end
        for _, result in ipairs(form.results) do
          if result.kind == "Indices" then
            local case = assert(results[row.name], "no case for the positions from " .. row.name)
            local got, wanted = case()
            assert.same(wanted, plain(got), row.name)
          end
        end
      end
    end
  end)

  it("refuses the position 0 in a tensor of positions", function()
    local x2 = ty.tensor {10, 20, 30}
    assert_fails("index_select: index: .*count from 1", x2.index_select, x2, 1, ty.tensor {0, 1})
    assert_fails("nll_loss: target 0 is no class: classes count from 1", F.nll_loss, ty.zeros(1, 2), ty.tensor {0})
    assert_fails("must hold whole numbers", x2.index_select, x2, 1, ty.tensor {1.0})
  end)
end)

describe("arguments", function()
  local x = ty.tensor {{1, 2, 3}, {4, 5, 6}}

  it("go by position or by name", function()
    local wanted = {{6}, {15}}
    assert.same(wanted, x:sum(2, true):totable())
    assert.same(wanted, x:sum {dim = 2, keepdim = true}:totable())
    assert.same(wanted, x:sum(2, {keepdim = true}):totable())
    assert.same(wanted, ty.sum(x, {2}, true):totable())
    assert.same(wanted, ty.sum({input = x, dim = 2, keepdim = true}):totable())
    assert.equal(21, x:sum {}:item())
    assert.equal(21, x:sum(nil, nil):item())
  end)

  it("name the known options when one is unknown", function()
    assert_fails("sum: unknown option 'keepdims'; known: .*dim, keepdim, dtype", x.sum, x, {keepdims = true})
    assert_fails("max: unknown option 'axis'; known: .*keepdim.*other.*usage: max%(", x.max, x, {axis = 1})
  end)

  it("are refused with their name, what was expected, and what came", function()
    assert_fails("sum: dim must be a dimension.*got the string \"a\"", x.sum, x, "a")
    assert_fails("sum: keepdim must be a boolean, got the number 1", x.sum, x, 1, 1)
    assert_fails("sum: dtype must be a dtype.*got the string \"float31\"", x.sum, x, {dtype = "float31"})
    assert_fails("matmul: other must be a tensor, got the number 3", x.matmul, x, 3)
    assert_fails("matmul: missing argument 'other'", x.matmul, x, nil)
    assert_fails("narrow: missing argument 'length'; usage: narrow%(input: Tensor", x.narrow, x, 1, 1)
    assert_fails("sum: too many arguments: 4 given", x.sum, x, 1, true, 5)
    assert_fails("'dim' is given twice", x.sum, x, 1, {dim = 1})
    assert_fails("is called with a colon", x.sum)
    assert_fails("reshape: shape: item 2 must be a whole number, got the number 1.5", x.reshape, x, 2, 1.5)
    assert_fails("cat: tensors: item 2 must be a tensor, got the number 3", ty.cat, {x, 3})
    assert_fails('mse_loss: reduction must be "none"|"mean"|"sum", got the string "avg"', F.mse_loss, x, x,
      {reduction = "avg"})
    assert_fails("usage: max%(input: Tensor%)", x.max, x, "a")
    assert_fails("permute: dims.*indices count from 1", x.permute, x, 1, 0)
    assert_fails("zeros: size must be sizes", ty.zeros, "3")
    assert_fails("cat: a table holds both a list and the name 'dim'", ty.cat, {x, x, dim = 2})
    assert_fails("tensor: a table holds both", ty.tensor, {1, 2, dtype = "int64"})
  end)

  it("take sizes as numbers or as a list, and whole floats as numbers", function()
    assert.same({2, 3}, plain(ty.zeros(2, 3).shape))
    assert.same({2, 3}, plain(ty.zeros({2, 3}).shape))
    assert.same({2, 3}, plain(ty.zeros {size = {2, 3}}.shape))
    assert.same({2, 3}, plain(ty.zeros(x.shape).shape))
    assert.same({5}, plain(ty.zeros(10 / 2).shape))
    assert.same({}, plain(ty.zeros({}).shape))
  end)

  it("choose the form of a function", function()
    assert.equal(6, x:max():item())
    local values, indices = x:max(2)
    assert.same({{3, 6}, {3, 3}}, {values:totable(), indices:totable()})
    assert.same({{2, 2, 3}, {4, 5, 6}}, x:max(ty.tensor {2}):totable())
    assert.same({0, 1, 2}, ty.arange(3):totable())
    assert.same({1, 3}, ty.arange(1, 5, 2):totable())
    assert.same({2, 3}, plain(x:size()))
    assert.equal(3, x:size(-1))
    assert.equal("float64", tostring(x:to("float64").dtype))
    assert.equal("float64", tostring(x:to(ty.float64).dtype))
    assert.equal("int64", tostring(x:to("cpu").dtype))
    assert.equal("float32", tostring(x:to(ty.zeros(1)).dtype))
    assert.equal("float32", tostring(x:to("cpu", "float32").dtype))
    assert.same({2, 1}, plain(x:split({2, 1}, 2)[2].shape))
  end)
end)

describe("errors", function()
  it("point at the user's line, past Tycho's own files", function()
    local library = assert(load("local x = ...\nlocal y = x:sum(9)\nreturn y", "@/inner/nn.lua"))
    local user = assert(load("local f, x = ...\n\nlocal y = f(x)\nreturn y", "@user.lua"))
    local direct = assert(load("local x = ...\nlocal y = x + nil\nreturn y", "@user.lua"))
    local raiser = assert(load("local core = ...\nlocal y = core.raise('oh')\nreturn y", "@/inner/b.lua"))
    local before = core.set_internal_prefix("/inner/")
    local through, own, raised = failure(user, library, ty.zeros(2)), failure(direct, ty.zeros(2)),
      failure(user, raiser, core)
    core.set_internal_prefix(before)
    assert.truthy(through:find "^user.lua:3: sum: ", through)
    assert.truthy(own:find "^user.lua:2: add: ", own)
    assert.equal("user.lua:3: oh", raised)
  end)

  it("of memory name the size, and the state lives on", function()
    local message = failure(ty.zeros, 1000000, 1000000, 100)
    assert.truthy(message:find "zeros: .*363.8 TB", message)
    assert_fails("addressed", ty.zeros, 1 << 40, 1 << 40)
    assert.equal(6.0, ty.ones(6):sum():item())
  end)
end)

describe("numbers", function()
  it("keep Lua's subtypes", function()
    assert.equal("int64", tostring(ty.tensor {1, 2}.dtype))
    assert.equal("float32", tostring(ty.tensor {1.0, 2}.dtype))
    assert.equal("float32", tostring(ty.tensor {1, 2.5}.dtype))
    assert.equal("bool", tostring(ty.tensor {true, false}.dtype))
    assert.equal("int64", tostring(ty.tensor {true, 2}.dtype))
    assert.equal("float32", tostring(ty.tensor({}).dtype))
    assert.same({1.0, 0.0, 2.5}, ty.tensor {true, 0, 2.5}:totable())
    assert.equal("integer", math.type(ty.tensor(3):item()))
    assert.equal("float", math.type(ty.tensor(3.0):item()))
    assert.is_true(ty.tensor(true):item())
    assert.equal("float32", tostring((ty.tensor {1, 2} * 2.5).dtype))
    assert.equal("int64", tostring((ty.tensor {1, 2} * 2).dtype))
    assert.equal("float32", tostring((ty.ones(2) * 2).dtype))
    assert.equal(9007199254740993, ty.tensor(9007199254740993):item())
  end)

  it("come back from nested tables as they went in", function()
    local t = {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}
    assert.same(t, ty.tensor(t):totable())
    assert.same({{1.5, 2.0}}, ty.tensor {{1.5, 2}}:tolist())
    assert.same({{true}, {false}}, ty.tensor {{true}, {false}}:totable())
    assert.equal(4, ty.tensor(4):totable())
    assert.same({{1, 3}, {2, 4}}, ty.tensor {{1, 2}, {3, 4}}:t():totable())
    assert.same({{}, {}}, ty.zeros(2, 0):totable())
    local big = {}
    for i = 1, 100000 do big[i] = i end
    assert.equal(5000050000, ty.tensor(big):sum():item())
  end)

  it("are refused where a table is no tensor", function()
    assert_fails("ragged table: the list at {2} has 1 elements, the first one of its depth has 2", ty.tensor,
      {{1, 2}, {3}})
    assert_fails("element {2} is nil", ty.tensor, {1, nil, 3})
    assert_fails("element {1, 2} is the string \"a\"", ty.tensor, {{1, "a"}})
    assert_fails("element {2} is a table", ty.tensor, {1, {2}})
    assert_fails("element {2} is the number 2 where a list", ty.tensor, {{1}, 2})
    assert_fails("ty.stack", ty.tensor, {ty.ones(2), ty.ones(2)})
    assert_fails("unknown option 'a'", ty.tensor, {a = 1})
    assert_fails("other keys", ty.tensor, {{a = 1}})
    assert_fails("expected a number", ty.tensor, print)
    local loop = {}
    loop[1] = loop
    assert_fails("nested more than 16 deep", ty.tensor, loop)
    assert_fails("{2, 3}", function() return ty.zeros(2, 3):item() end)
  end)
end)

describe("operators", function()
  local x, y = ty.tensor {7, -7}, ty.tensor {2, 2}
  it("do what they look like", function()
    assert.same({9, -5}, (x + y):totable())
    assert.same({5, -9}, (x - y):totable())
    assert.same({14, -14}, (x * y):totable())
    assert.same({3.5, -3.5}, (x / y):totable())
    assert.same({3, -4}, (x // y):totable())
    assert.same({1, 1}, (x % y):totable())
    assert.same({49, 49}, (x ^ y):totable())
    assert.same({-7, 7}, (-x):totable())
    assert.same({3, 17}, (10 - x):totable())
    assert.same({8, -6}, (1 + x):totable())
    local a, b = ty.tensor {true, true, false}, ty.tensor {true, false, false}
    assert.same({true, false, false}, (a & b):totable())
    assert.same({true, true, false}, (a | b):totable())
    assert.same({false, true, false}, (a ~ b):totable())
    assert.same({false, false, true}, (~a):totable())
    assert.same({true, false, false}, (b & true):totable())
  end)

  it("refuse what Lua cannot do, and name what to use", function()
    assert_fails("x:lt%(y%)", function() return x < y end)
    assert_fails("x:le%(y%)", function() return x <= 3 end)
    assert_fails("ty.cat", function() return x .. y end)
    assert_fails("tostring", function() return "x is " .. x end)
    assert_fails("add: the second operand is nil", function() return x + nil end)
    assert_fails("mul: the first operand is a table", function() return {} * x end)
    assert_fails("add: the second operand is the string", function() return x + "1" end)
  end)

  it("compare identity with ==", function()
    assert.is_true(x == x)
    assert.is_false(x == ty.tensor {7, -7})
    assert.is_true(x:contiguous() == x)
    local w = ty.ones(2, {requires_grad = true})
    w:sum():backward()
    assert.is_true(w.grad == w.grad)
  end)
end)

describe("tensors from what there is already", function()
  it("as_tensor copies no tensor, and converts with gradients", function()
    local x = ty.ones(2, {requires_grad = true})
    assert.is_true(ty.as_tensor(x) == x)
    assert.is_true(ty.as_tensor(x, {dtype = "float32"}) == x)
    local wide = ty.as_tensor(x, {dtype = "float64"})
    assert.equal(ty.float64, wide.dtype)
    wide:sum():backward()
    assert.is_true(x.grad:equal(ty.ones(2)))
    assert.equal(ty.int64, ty.as_tensor{1, 2}.dtype)
    assert.equal(ty.float64, ty.as_tensor({1, 2}, {dtype = "float64", device = "cpu"}).dtype)
    assert.error_matches(function() ty.as_tensor{{1}, {2, 3}} end, "as_tensor")
    assert.error_matches(function() ty.as_tensor "x" end, "as_tensor")
  end)

  it("scalar_tensor has the default dtype whatever the number", function()
    assert.equal(ty.float32, ty.scalar_tensor(3).dtype)
    assert.equal(0, ty.scalar_tensor(3).ndim)
    assert.equal(3.0, ty.scalar_tensor(3):item())
    assert.equal(ty.int64, ty.scalar_tensor(3, {dtype = "int64"}).dtype)
    assert.is_true(ty.scalar_tensor(3, {requires_grad = true}).requires_grad)
    assert.error_matches(function() ty.scalar_tensor{3} end, "scalar_tensor")
  end)

  it("new_tensor copies in the dtype of the tensor", function()
    local like = ty.ones(1, {dtype = "float64"})
    assert.is_true(like:new_tensor{1, 2}:equal(ty.tensor({1, 2}, {dtype = "float64"})))
    assert.equal(ty.int8, like:new_tensor({1, 2}, {dtype = "int8"}).dtype)
    local from = ty.ones(2, {dtype = "float64", requires_grad = true})
    local copy = like:new_tensor(from)
    assert.is_false(copy.requires_grad)
    copy:zero_()
    assert.equal(2.0, from:sum():item())
    assert.error_matches(function() like:new_tensor{{1}, {2, 3}} end, "new_tensor")
  end)

  it("is_signed, is_same_size, itemsize and nbytes", function()
    for name, signed in pairs{float16 = true, float32 = true, int8 = true, int64 = true, uint8 = false, bool = false} do
      assert.equal(signed, ty.zeros(1, {dtype = name}):is_signed(), name)
    end
    assert.is_true(ty.is_same_size(ty.ones(2, 3), ty.zeros(2, 3)))
    assert.is_false(ty.ones(2, 3):is_same_size(ty.ones(3, 2)))
    assert.is_false(ty.ones(2):is_same_size(ty.ones(2, 1)))
    assert.error_matches(function() ty.is_same_size(ty.ones(2), 3) end, "is_same_size")
    assert.equal(2, ty.zeros(3, {dtype = "int16"}).itemsize)
    assert.equal(48, ty.zeros(2, 3, {dtype = "float64"}).nbytes)
    assert.equal(24, ty.zeros(1, 3):expand(2, 3).nbytes)
    assert.equal(0, ty.zeros(0, 3).nbytes)
    assert.error_matches(function() ty.ones(1).nbytes = 3 end, "cannot be set")
  end)
end)

describe("a tensor's fields", function()
  it("tell what it is", function()
    local x = ty.zeros(2, 3)
    assert.equal("{2, 3}", tostring(x.shape))
    assert.is_true(x.shape == ty.ones(2, 3).shape)
    assert.equal(ty.float32, x.dtype)
    assert.is_true(x.dtype.is_floating_point)
    assert.equal(4, x.dtype.itemsize)
    assert.equal("cpu", tostring(x.device))
    assert.is_true(x.device == core.device "cpu")
    assert.equal("cpu", x.device.type)
    assert.equal(2, x.ndim)
    assert.equal(2, #x)
    assert.same({3, 2}, plain(x.T.shape))
    assert.same({5, 3, 2}, plain(ty.zeros(5, 2, 3).mT.shape))
    assert.is_true(x.is_leaf)
    assert.is_nil(x.grad)
    assert.is_nil(x.grad_fn)
    assert_fails("no length", function() return #ty.tensor(1) end)
    assert_fails("no field or method 'foo'", function() return x.foo end)
    assert_fails("no field or method 'foo'", function() x.foo = 1 end)
    assert_fails("cannot be set", function() x.shape = {6} end)
    local names = {}
    for _, name in ipairs(getmetatable(x).__complete(x)) do names[name] = true end
    assert.is_true(names.sum and names.shape and names.backward)
  end)

  it("carry gradients", function()
    local x = ty.tensor({1.0, 2.0}, {requires_grad = true})
    local y = x * x
    assert.equal("<MulBackward0>", tostring(y.grad_fn))
    assert.is_false(y.is_leaf)
    y:sum():backward()
    assert.same({2.0, 4.0}, x.grad:totable())
    x.grad = nil
    assert.is_nil(x.grad)
    x.requires_grad = false
    assert.is_false(x.requires_grad)
    x.data = ty.tensor {5.0, 6.0}
    assert.same({5.0, 6.0}, x:totable())
    local other = ty.zeros(3)
    x.data = other -- the shape may change, the memory is shared
    other:fill_(4)
    assert.same({4.0, 4.0, 4.0}, x:totable())
    assert_fails("leaf", function() y.data = other end)
    assert_fails("floating", function()
      x.requires_grad = true
      x.data = ty.tensor {1, 2}
    end)
    x.requires_grad = false
    assert_fails("boolean", function() x.requires_grad = 1 end)
  end)

  it("flag parameters", function()
    local p = core.Parameter(ty.ones(2))
    assert.is_true(core.is_parameter(p))
    assert.is_true(p.requires_grad)
    assert.is_false(core.is_parameter(ty.ones(2)))
    assert.truthy(tostring(p):find "^Parameter containing:\ntensor%({1., 1.}")
  end)

  it("iterate over the first dimension with pairs", function()
    local sums = {}
    for i, row in pairs(ty.tensor {{1, 2}, {3, 4}}) do sums[i] = row:sum():item() end
    assert.same({3, 7}, sums)
  end)
end)

describe("gradients as a function", function()
  it("come as a list", function()
    local a, b = ty.ones(2, {requires_grad = true}), ty.ones(2, {requires_grad = true})
    local c = ty.ones(1, {requires_grad = true})
    local ga, gb = table.unpack(ty.grad((a * b * 3):sum(), {a, b}))
    assert.same({{3.0, 3.0}, {3.0, 3.0}}, {ga:totable(), gb:totable()})
    assert.is_nil(a.grad)
    local gs = ty.grad((a * 2):sum(), {c, a}, {allow_unused = true})
    assert.is_nil(gs[1])
    assert.same({2.0, 2.0}, gs[2]:totable())
    assert.is_false(pcall(ty.grad, (a * 2):sum(), {c}))
    local g = ty.grad({a * a}, {a}, {grad_outputs = {ty.tensor {1.0, 10.0}}, create_graph = true})[1]
    assert.same({2.0, 20.0}, g:totable())
    assert.is_true(g.requires_grad)
    assert_fails("grad_outputs", ty.grad, {a * a}, {a}, {grad_outputs = {}})
  end)
end)

describe("generators", function()
  it("give the same numbers for the same seed", function()
    local g = core.Generator(7)
    local first = ty.rand(3, {generator = g}):totable()
    assert.same(first, ty.rand(3, {generator = g:manual_seed(7)}):totable())
    ty.manual_seed(7)
    assert.same(first, ty.rand(3):totable())
    local state = g:get_state()
    assert.same({5056}, plain(state.shape))
    local next_ones = ty.rand(3, {generator = g}):totable()
    g:set_state(state)
    assert.same(next_ones, ty.rand(3, {generator = g}):totable())
    assert.equal(7, g:initial_seed())
    assert.equal("integer", math.type(core.random_u64(g)))
    assert_fails("generator must be a generator", ty.rand, 3, {generator = 7})
    assert_fails("5056", g.set_state, g, ty.zeros(3))
  end)
end)

describe("core.optim", function()
  it("steps parameters and shows its state", function()
    local p = core.Parameter(ty.ones(2))
    local o = core.optim("SGD", {p})
    o:set("lr", 0.5)
    o:set("momentum", 0.9)
    assert.equal(0.5, o:get "lr")
    p:sum():backward()
    o:step()
    assert.same({0.5, 0.5}, p:totable())
    assert.equal(1, o:step_count(1))
    local names = o:states()
    assert.truthy(#names >= 1)
    assert.truthy(core.is_tensor(o:state(1, names[1])))
    o:zero_grad()
    assert.is_nil(p.grad)
    assert_fails("optim.*out of range", o.state, o, 2, names[1])
    assert_fails("SGD: parameter 1 must be a tensor", core.optim, "SGD", {3})
    assert_fails("empty", core.optim, "SGD", {})
    assert.is_false(pcall(core.optim, "Nope", {p}))
    assert.is_false(pcall(o.set, o, "nope", 1))
  end)
end)
