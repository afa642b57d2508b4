#!/bin/sh
# Everything that wants a GPU, in one call of under ten minutes: build (where there is none yet), the specs on the device, the
# sanitizers of the CUDA Toolkit, and the benchmarks against PyTorch on the same GPU.
#
#   tests/bench/gpu.sh [FOLDER]      logs and the table go to FOLDER (build/gpu)
#
# BUILD names another build folder. TYCHO_BENCH_PYTHON names the python that has torch. A part that cannot run says why, and the
# others go on. Exit status: 0 when no spec and no sanitizer failed.
set -u
cd "$(dirname -- "$0")/../.."
build=${BUILD:-build}
out=${1:-$build/gpu}
mkdir -p "$out"
failed=0

say() {
  printf '\n== %s\n' "$*"
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
for spec in tests/spec/cuda_*_spec.lua; do
  name=$(basename "$spec" _spec.lua)
  if timeout 240 "$build/tycho" tests/spec/run.lua "$spec" >"$out/$name.log" 2>&1; then
    printf '%-24s %s\n' "$name" "$(grep -E 'successes' "$out/$name.log" | tail -1)"
  else
    failed=$((failed + 1))
    printf '%-24s FAILED\n' "$name"
    tail -30 "$out/$name.log"
  fi
done

say "compute-sanitizer"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
if [ -n "$sanitizer" ]; then
  for tool in memcheck racecheck; do
    for spec in cuda_reduce cuda_index cuda_matmul cuda_conv; do
      [ -e "tests/spec/${spec}_spec.lua" ] || continue
      if timeout 60 "$sanitizer" --tool $tool --error-exitcode 9 "$build/tycho" tests/spec/run.lua "tests/spec/${spec}_spec.lua" \
          >"$out/$tool-$spec.log" 2>&1; then
        echo "$tool $spec: clean"
      elif [ $? -eq 124 ]; then
        echo "$tool $spec: clean as far as it came in a minute"
      else
        failed=$((failed + 1))
        echo "$tool $spec: FAILED"
        grep -E "=========" "$out/$tool-$spec.log" | head -20
      fi
    done
  done
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
