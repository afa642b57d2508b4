--[[
What the specs of CUDA share: the device that they run on, and whether there is one. With TYCHO_CUDA_PLUGIN naming the plug-in
for the host (tests/cuda) that is an emulated device; without the variable it is a GPU, where there is one. Relies on ty.cuda.
]]

local ty = require "tycho"

local cuda = {}

cuda.available, cuda.reason = pcall(ty.device, "cuda")
cuda.device = "cuda"
cuda.count = cuda.available and ty.cuda.device_count() or 0
cuda.emulated = (os.getenv "TYCHO_CUDA_PLUGIN" or ""):find "emulated" ~= nil

--- Convolutions in float32 throughout, as on the CPU: by default they may round their operands to TF32.
function cuda.full_float32()
  if cuda.available then ty.backends.cudnn.allow_tf32 = false end
end

--- local describe = cuda.suite(describe, pending): a describe for cases that need a device. Where there is none, a pending test
-- says why.
function cuda.suite(describe, pending)
  if cuda.available then return describe end
  return function(name) pending(("%s needs a CUDA device: %s"):format(name, tostring(cuda.reason))) end
end

--- The numbers of a tensor, on whatever device, as a flat list.
function cuda.values(x) return x:detach():cpu():reshape(-1):totable() end

--- Runs Lua code in a fresh process with these environment variables set; gives what it printed, errors too, and whether it
-- ended well. The program is the one that runs the specs.
function cuda.run(environment, code)
  local program = os.getenv "TYCHO_BIN" or "build/tycho"
  local words = {"env"}
  for name, value in pairs(environment) do words[#words + 1] = ("%s='%s'"):format(name, value) end
  words[#words + 1] = ("'%s' -e '%s' 2>&1"):format(program, (code:gsub("'", "'\\''")))
  local pipe = assert(io.popen(table.concat(words, " ")))
  local text = pipe:read "a"
  return text, (pipe:close())
end

return cuda
