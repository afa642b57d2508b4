# Sourced by the programs in scripts/: runs a Lua program of this folder's parent with the tycho that was built.
#   launch models/train.lua arguments...
launch() {
  root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
  if [ ! -x "$root/build/tycho" ]; then
    echo "$0: $root/build/tycho is not there yet; scripts/start builds it" >&2
    exit 1
  fi
  program=$1
  shift
  exec "$root/build/tycho" "$root/scripts/$program" "$@"
}
