std = "lua54"
max_line_length = 120
files["tests/spec/**/*.lua"] = {std = "lua54+busted"}
exclude_files = {"build*/**"}
