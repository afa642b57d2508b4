-- What help says about ty.capture.

local step = [[
local net = ty.nn.Sequential(ty.nn.Linear(4, 8), ty.nn.ReLU(), ty.nn.Linear(8, 3))
local opt = ty.optim.Adam(net:parameters(), {lr = 1e-2})
local train = ty.capture(function(x, y)
  opt:zero_grad()
  local loss = ty.F.cross_entropy(net(x), y)
  loss:backward()
  opt:step()
  return loss
end)
]]

return {
  {name = "ty.capture", signature = "(step: function) -> captured step",
    doc = "The step as a function that is called in its place, and is faster: its first call is recorded, later ones replay "
      .. "the recorded kernels, without Lua and without building a graph. The numbers are the same to the bit: random "
      .. "numbers go "
      .. "on being drawn, running statistics and optimisers go on counting, and changed learning rates are taken as they are. "
      .. "step takes and returns tensors (and numbers, strings, booleans, which are fixed when it is recorded); "
      .. "returned tensors "
      .. "are detached copies.\n"
      .. "Other shapes, dtypes or plain arguments are recorded apart (the latest 8 are kept); the step is recorded anew when a "
      .. "module was switched by train() or eval(), when an upvalue or a field of a module or table in one changed, when a "
      .. "parameter was given other memory, or when gradients are not those that it began with. Calls of Lua are not replayed: "
      .. "globals, print and counters inside have their effect when recording only. A gradient in .grad is written over by the "
      .. "next replay: clone it to keep it.\n"
      .. "Errors: reading numbers inside (item(), totable(), print), hooks, functions of one's own, checkpoint, anomaly mode, "
      .. "schedules stepped inside, LBFGS, an argument that requires a gradient or is changed in place, and masks or "
      .. "indices that "
      .. "the step draws itself. An error or Ctrl-C inside the step is as it would be without the capture.",
    example = step .. "local x, y = ty.randn(16, 4), ty.randint(1, 4, {16})\n"
      .. "for _ = 1, 3 do train(x, y) end\nreturn train:stats().replayed\n--> 2"},
  {name = "ty.capture:reset", signature = "(try_again: bool?)", doc = "Forgets all recordings and their memory; the next call "
    .. "records anew. true: also after it was given up, which happens when the step had to be recorded anew at every call.",
    example = step .. "train:reset()"},
  {name = "ty.capture:stats", signature = "() -> table", doc = "How often it was recorded and replayed, given_up (why "
      .. "it is not "
    .. "tried any more), and for each recording: calls (their number), kernels (their names in order; action is a "
      .. "step of an optimiser), fused (of them, pointwise ones that run in cache-sized "
    .. "pieces together), bytes (of the buffer that is planned once), alone (the bytes of all that shares it), restored (bytes "
      .. "of constants that the step changes, copied anew each time).",
    example = step .. "local x, y = ty.randn(16, 4), ty.randint(1, 4, {16})\ntrain(x, y)\nassert(train:stats()[1].calls > 10)"},
}
