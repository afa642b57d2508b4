#!/bin/sh
# Who may include whom: in core/ a folder includes itself and those before it in the list below, and nothing of Lua; the
# bindings know the engine by tycho.h alone. Says each line that breaks this.
set -eu
cd "$(dirname -- "$0")/.."

breaks() {
  higher="tensor backend autograd ops nn capture io "
  for folder in $higher; do
    higher=${higher#"$folder "}
    grep -rnE "#include (\"($(echo "${higher}tycho" | tr ' ' '|'))/|.(lua|lauxlib|lualib)\.h)" "core/$folder" || :
  done
  grep -rnE '#include "(tensor|backend|autograd|ops|nn|capture|io|tycho)/' bindings --include='*.[ch]' || :
}

found=$(breaks)
if [ -n "$found" ]; then
  printf 'these lines include what they must not know:\n%s\n' "$found"
  exit 1
fi
