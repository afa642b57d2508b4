"""measure.lua in Python. THREADS says how many threads PyTorch uses, FORM how, DEVICE where (see run.lua)."""
import os, resource, time

import torch

threads = int(os.environ.get("THREADS", "1"))
form = os.environ.get("FORM", "").split(",")
torch.set_num_threads(threads)
torch.manual_seed(0)
device = os.environ.get("DEVICE")
if device:
    torch.set_default_device(device)
together = 10 if device else 1
clock = time.process_time if os.environ.get("CLOCK") == "cpu" else time.perf_counter
adam_form = {"fused": True} if "fused" in form else {"foreach": True} if "foreach" in form else {}
memory_format = torch.channels_last if "channels_last" in form else torch.contiguous_format


def maybe_compiled(f):
    if "compile" not in form:
        return f
    return torch.compile(f, mode="reduce-overhead") if device else torch.compile(f)


def measure(step, seconds=1.5, least=7, warm=3, count=1):
    for i in range(warm):
        step(i)
    if device:
        torch.cuda.synchronize()
    times, begin = [], clock()
    while len(times) < least or clock() - begin < seconds:
        start = clock()
        for i in range(together):
            step(len(times) + i)
        if device:
            torch.cuda.synchronize()
        times.append((clock() - start) / together)
    times.sort()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{times[(len(times) - 1) // 2] * 1e6 / count:.4f} {peak}")
