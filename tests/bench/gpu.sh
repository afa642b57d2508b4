#!/bin/sh
# Everything that wants a GPU, in one call of under ten minutes: build (where there is none yet), the specs on the device, the
# sanitizers of the CUDA Toolkit, and the benchmarks against PyTorch on the same GPU.
#
#   tests/bench/gpu.sh [FOLDER]      logs and the table go to FOLDER (build/gpu)
#
# BUILD names another build folder. TYCHO_BENCH_PYTHON names the python that has torch. A part that cannot run says why, and the
# others go on. Exit status: 0 when no spec and no sanitizer failed.
#
# Planned for 16 cores, and not measured yet: building 2 minutes, specs 2 (four at a time; the one that fills the memory alone),
# sanitizers 1 (side by side, each ended after a minute), benchmarks 5 at the most.
set -u
cd "$(dirname -- "$0")/../.."
build=${BUILD:-build}
out=${1:-$build/gpu}
mkdir -p "$out"
failed=0

began=$(date +%s)
say() {
  printf '\n== %s (after %d s)\n' "$*" $(($(date +%s) - began))
}

# Runs a spec and writes down how it ended.
spec() {
  name=$(basename "$1" _spec.lua)
  if timeout 120 "$build/tycho" tests/spec/run.lua "$1" >"$out/$name.log" 2>&1; then
    printf '%-24s %s\n' "$name" "$(grep -E 'successes' "$out/$name.log" | tail -1)" >"$out/$name.result"
  else
    { printf '%-24s FAILED\n' "$name"; tail -30 "$out/$name.log"; } >"$out/$name.result"
  fi
}

# The same with a tool of compute-sanitizer.
sanitize() {
  name=$1-$2
  timeout 60 "$sanitizer" --tool "$1" --error-exitcode 9 "$build/tycho" tests/spec/run.lua "tests/spec/$2_spec.lua" \
    >"$out/$name.log" 2>&1
  case $? in
    0) echo "$1 $2: clean" ;;
    124) echo "$1 $2: clean as far as it came in a minute" ;;
    *) echo "$1 $2: FAILED"; grep -E "=========" "$out/$name.log" | head -20 ;;
  esac >"$out/$name.result"
}

# Prints results, and counts those that failed.
results() {
  cat "$@"
  failed=$((failed + $(cat "$@" | grep -c "FAILED")))
}

nvidia-smi -L || { echo "no NVIDIA driver here"; exit 1; }
if [ ! -x "$build/tycho" ] || [ ! -e "$build/lib/libtycho_cuda.so" ]; then
  say "Building"
  cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DTYCHO_CUDA_ARCHITECTURES=native >"$out/build.log" 2>&1 &&
    cmake --build "$build" -j"$(nproc)" >>"$out/build.log" 2>&1 || { tail -20 "$out/build.log"; exit 1; }
fi
export TYCHO_BIN="$PWD/$build/tycho" TYCHO_BUILD="$PWD/$build"
unset TYCHO_CUDA_PLUGIN
"$build/tycho" -e 'print(ty.cuda.get_device_name(0), ty.cuda.get_device_capability(0))' || exit 1

say "Specs on the device"
rm -f "$out"/*.result
running=0
for file in tests/spec/cuda_*_spec.lua; do
  [ "$file" = tests/spec/cuda_memory_spec.lua ] && continue
  spec "$file" &
  running=$((running + 1))
  [ $((running % 4)) -eq 0 ] && wait
done
wait
spec tests/spec/cuda_memory_spec.lua
results "$out"/cuda_*.result

say "compute-sanitizer"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
if [ -n "$sanitizer" ]; then
  for tool in memcheck racecheck; do
    for name in cuda_reduce cuda_index cuda_matmul cuda_conv cuda_pointwise cuda_norm cuda_rows cuda_losses; do
      sanitize $tool $name &
    done
  done
  wait
  results "$out"/memcheck-*.result "$out"/racecheck-*.result
else
  echo "not installed"
fi

say "Benchmarks"
python=${TYCHO_BENCH_PYTHON:-python3}
if "$python" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  TYCHO_BENCH_PYTHON=$python timeout 300 "$build/tycho" tests/bench/run.lua --device cuda --rounds 1 2>"$out/bench.err" | tee "$out/bench.md"
  tail -3 "$out/bench.err"
else
  echo "no PyTorch with CUDA: TYCHO_BENCH_PYTHON=PYTHON names one"
fi
say "$failed failed; logs in $out"
[ $failed -eq 0 ]
