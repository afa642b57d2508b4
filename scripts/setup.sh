# Shared by scripts/start and scripts/test: installs what is missing (Debian packages) and builds. Sourced, not run; the
# caller has changed to the repository's root. Everything can be done again at any time.

# What a build needs; gnuplot and OpenBLAS (linear algebra) are for running, the last line is for the tests.
packages="gcc libc6-dev make cmake pkg-config lua5.4 liblua5.4-dev libreadline-dev zlib1g-dev libzip-dev
libdeflate-dev libcurl4-openssl-dev libcjson-dev libpng-dev libturbojpeg0-dev libcsv-dev libopenblas0-openmp gnuplot-nox lua-argparse
libcmocka-dev lua-busted lua-check"
# The data set; where it is not to be had as a package it is downloaded when it is first used.
data_package=dataset-fashion-mnist

say() {
  printf '\n== %s\n' "$*"
}

is_installed() {
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q "install ok installed"
}

# Installs the packages that are not there, as root or through sudo; says what to do where neither is possible.
install_packages() {
  missing=""
  for package in $packages; do
    is_installed "$package" || missing="$missing $package"
  done
  if [ -z "$missing" ] && is_installed $data_package; then
    say "All packages are installed"
    return
  fi
  say "Installing:$missing $(is_installed $data_package || echo $data_package)"
  if [ "$(id -u)" = 0 ]; then
    as_root=""
  elif command -v sudo >/dev/null; then
    as_root="sudo"
  elif [ -z "$missing" ]; then
    echo "(without root rights or sudo it stays away: the images will be downloaded when they are first used)"
    return
  else
    echo "These packages are missing, and this is neither root nor is there sudo. As root, run:" >&2
    echo "  apt-get install$missing $data_package" >&2
    exit 1
  fi
  # Old package lists may name files that are gone: refresh them, and go on with the old ones when offline.
  $as_root apt-get update -qq || echo "(the package lists could not be refreshed; trying with the old ones)"
  export DEBIAN_FRONTEND=noninteractive
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
  is_installed $data_package || $as_root apt-get install -y -qq --no-install-recommends $data_package >/dev/null ||
    echo "(the package $data_package is not to be had: the images will be downloaded when they are first used)"
}

# The CUDA plug-in takes minutes to compile: it is built where there is a GPU to use it.
if nvidia-smi -L >/dev/null 2>&1; then
  cuda=-DTYCHO_CUDA=ON
else
  cuda=-DTYCHO_CUDA=OFF
fi

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
