-- What the doctor says, and how often: one warning for each cause and place, on standard error, with the user's line, what is
-- wrong, the cure, and how to silence it. Knows nothing of how causes are found.

local core = require "tycho.core"
local options = require "tycho.options"

local report = {}

--- The checks: {name, what it is about}.
report.checks = {
  {"no_backward", "a step without a backward since the last one"},
  {"no_zero_grad", "gradients that add up over steps, as zero_grad is missing"},
  {"eval_mode", "training a model that is in eval mode"},
  {"train_mode", "evaluating a model that is in training mode"},
  {"loss_input", "probabilities or logits where a loss wants the other"},
  {"labels", "labels that are no class"},
  {"loss_value", "a loss that is NaN or infinite, or grows tenfold"},
  {"no_gradient", "parameters that never get a gradient"},
  {"not_optimised", "parameters that get gradients, but that no optimiser has"},
  {"not_normalised", "inputs from 0 to 255"},
  {"not_shuffled", "training on examples in the order of their labels"},
}

local known = {}
for i, check in ipairs(report.checks) do known[i] = check[1] end
table.sort(known)

local on, said = {}, {}
for _, name in ipairs(known) do on[name] = true end

--- report.choose{name = false, ...}: which checks are to speak.
function report.choose(wanted)
  for name, value in pairs(wanted) do
    if on[name] == nil then
      core.raise(("doctor: unknown option '%s'; known ones are: %s"):format(tostring(name), table.concat(known, ", ")))
    end
    if type(value) ~= "boolean" then
      core.raise(("doctor: '%s' must be true or false, got %s"):format(name, options.say(value)))
    end
  end
  for name, value in pairs(wanted) do on[name] = value end
end

--- report.forget(): all checks speak again, about places of which they have spoken, too.
function report.forget()
  said = {}
  for _, name in ipairs(known) do on[name] = true end
end

function report.wanted(name) return on[name] end

--- The user's line that runs now, as "file:line: ".
function report.place()
  local _, place = pcall(core.raise, "")
  return place
end

--- Where warnings go; a test puts its own here.
function report.write(text)
  io.stdout:flush()
  io.stderr:write(text)
end

--- report.warn(name, text, place): once for each check and place; the place is the line that runs now unless given.
function report.warn(name, text, place)
  if not on[name] then return end
  place = place or report.place()
  local key = name .. "\0" .. place
  if said[key] then return end
  said[key] = true
  report.write(("%sdoctor: %s (ty.doctor{%s = false} silences this)\n"):format(place, text, name))
end

return report
