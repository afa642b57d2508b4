# Shared by scripts/start and scripts/test: installs what is missing (Debian packages) and builds. Sourced, not run; the
# caller has changed to the repository's root. Everything can be done again at any time.

# What a build needs; gnuplot and the data set are for running, the last line is for the tests.
packages="gcc libc6-dev make cmake pkg-config lua5.4 liblua5.4-dev libreadline-dev zlib1g-dev libzip-dev
libcurl4-openssl-dev gnuplot-nox dataset-fashion-mnist lua-argparse
libcmocka-dev lua-busted lua-check"

say() {
  printf '\n== %s\n' "$*"
}

# Installs the packages that are not there, as root or through sudo; says what to do where neither is possible.
install_packages() {
  missing=""
  for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
  done
  if [ -z "$missing" ]; then
    say "All packages are installed"
    return
  fi
  say "Installing:$missing"
  if [ "$(id -u)" = 0 ]; then
    as_root=""
  elif command -v sudo >/dev/null; then
    as_root="sudo"
  else
    echo "These packages are missing, and this is neither root nor is there sudo. As root, run:" >&2
    echo "  apt-get install$missing" >&2
    exit 1
  fi
  # Old package lists may name files that are gone: refresh them, and go on with the old ones when offline.
  $as_root apt-get update -qq || echo "(the package lists could not be refreshed; trying with the old ones)"
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# build FOLDER cmake-options...: configures and builds with all processors.
build() {
  folder=$1
  shift
  say "Building into $folder/"
  cmake -S . -B "$folder" "$@" >"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
  cmake --build "$folder" -j "$(nproc)" >>"$folder.log" 2>&1 || { grep -E -A5 "error|Error" "$folder.log"; exit 1; }
  grep -E "warning:" "$folder.log" || true
  rm -f "$folder.log"
}
