std = "lua54"
max_line_length = 130
files["tests/spec/**/*.lua"] = {std = "lua54+busted"}
exclude_files = {"build*/**"}
files["tests/spec/run.lua"] = {globals = {"arg"}}
ignore = {"212/self", "212/_.*"}
