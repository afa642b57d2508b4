-- Runs busted inside the program that runs this file: tycho tests/spec/run.lua some_spec.lua. The program's own interpreter
-- is tested, and a sanitizer build checks everything that the specs reach.

local root = arg[0]:gsub("[^/]*$", "") .. "../../"
package.path = package.path .. ";" .. root .. "tests/spec/?.lua"
arg[0] = "busted"
arg[#arg + 1] = "--output=plainTerminal"
require "busted.runner" {standalone = false}
