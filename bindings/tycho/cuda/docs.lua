-- Documentation of ty.cuda, of streams and of events. Examples run where there is no GPU too.

local devices = " device: its name, a device object, or the number in its name (0 for \"cuda:0\"); the current one by default."

local function entry(name, signature, doc, example)
  return {name = "cuda." .. name, signature = signature, doc = doc, example = example}
end

-- An example that needs a GPU.
local function guarded(code) return "if ty.cuda.is_available() then\n  " .. code:gsub("\n", "\n  ") .. "\nend" end

return {
  entry("is_available", "() -> bool", "Whether tensors can be put on a GPU: false where the CUDA plug-in, a driver or a GPU is "
    .. "missing; ty.cuda.unavailable() says which.", "local device = ty.cuda.is_available() and \"cuda\" or \"cpu\""),
  entry("unavailable", "() -> string or nil", "Why there is no GPU to compute on; nil where there is one.",
    "print(ty.cuda.unavailable() or \"there is a GPU\")"),
  entry("device_count", "() -> integer", "The number of GPUs that can be used; 0, and no error, where there is none.",
    "print(ty.cuda.device_count())"),
  entry("current_device", "() -> integer", "The number of the device that \"cuda\" means: 0 at first.",
    "print(ty.cuda.current_device())"),
  entry("set_device", "(device)", "Makes a device the one that \"cuda\" means." .. devices, guarded "ty.cuda.set_device(0)"),
  entry("device", "(device, f?)", "Runs f with a device as the current one and gives its results; without f a value to close, "
    .. "local _ <close> = ty.cuda.device(1)." .. devices,
    guarded "local x = ty.cuda.device(0, function() return ty.zeros(2, {device = \"cuda\"}) end)"),
  entry("get_device_name", "(device?) -> string", "The name of a GPU." .. devices, guarded "print(ty.cuda.get_device_name())"),
  entry("get_device_properties", "(device?) -> table", "name, major and minor (compute capability), total_memory in bytes, "
    .. "multi_processor_count, max_threads_per_multi_processor." .. devices,
    guarded "print(ty.cuda.get_device_properties(0).total_memory)"),
  entry("get_device_capability", "(device?) -> major, minor", "The compute capability, as 9, 0." .. devices,
    guarded "print(ty.cuda.get_device_capability())"),
  entry("synchronize", "(device?)", "Waits until the GPU has done all that it was given. Kernels run while the program goes on: "
    .. "call this before you look at a clock." .. devices, guarded "ty.cuda.synchronize()"),

  entry("memory_allocated", "(device?) -> integer", "Bytes that tensors hold on a GPU now." .. devices,
    "print(ty.cuda.memory_allocated())"),
  entry("max_memory_allocated", "(device?) -> integer", "The most bytes that tensors held at once, since the start or "
    .. "reset_peak_memory_stats." .. devices, "print(ty.cuda.max_memory_allocated())"),
  entry("memory_reserved", "(device?) -> integer", "Bytes taken from the driver: those of tensors, and those kept for the next "
    .. "ones." .. devices, "print(ty.cuda.memory_reserved())"),
  entry("reset_peak_memory_stats", "(device?)", "Lets max_memory_allocated begin anew." .. devices,
    "ty.cuda.reset_peak_memory_stats()"),
  entry("mem_get_info", "(device?) -> free, total", "Bytes that the GPU has free and in all, for all programs."
    .. devices, guarded "print(ty.cuda.mem_get_info())"),
  entry("empty_cache", "()", "Collects tensors that nothing refers to, and gives memory that no tensor uses back to the driver, "
    .. "for other programs.", "ty.cuda.empty_cache()"),

  entry("manual_seed", "(seed: integer)", "Seeds the random generator of the current GPU; nothing where there is none. "
    .. "ty.manual_seed seeds the CPU.", "ty.cuda.manual_seed(7)"),
  entry("manual_seed_all", "(seed: integer)", "Seeds the random generators of all GPUs.", "ty.cuda.manual_seed_all(7)"),
  entry("get_rng_state", "(device?) -> tensor", "The state of a GPU's random generator: PyTorch's 16 bytes." .. devices,
    guarded "local state = ty.cuda.get_rng_state()\nty.cuda.set_rng_state(state)"),
  entry("set_rng_state", "(state: tensor, device?)", "Puts a GPU's random generator into a state of get_rng_state." .. devices,
    guarded "ty.cuda.set_rng_state(ty.cuda.get_rng_state())"),

  entry("Stream", "(device?, priority = 0) -> stream", "A queue of work of its own; priority -1 goes first. Work of different "
    .. "streams may overlap: order it by wait_stream or events. Methods: synchronize(), query() -> whether all is done, "
    .. "wait_stream(other), wait_event(event), record_event(event?) -> event; field device.",
    guarded("local s = ty.cuda.Stream()\n"
      .. "local x = ty.cuda.stream(s, function() return ty.zeros(2, {device = \"cuda\"}) end)\n"
      .. "ty.cuda.current_stream():wait_stream(s)")),
  entry("stream", "(stream, f?)", "Runs f with a stream, and its device, as the current ones and gives its results; without f a "
    .. "value to close.", guarded "ty.cuda.stream(ty.cuda.Stream(), function() end)"),
  entry("set_stream", "(stream)", "Makes a stream its device's current one from now on; ty.cuda.stream() goes back by itself.",
    guarded "ty.cuda.set_stream(ty.cuda.default_stream())"),
  entry("current_stream", "(device?) -> stream", "The stream that work goes to." .. devices,
    guarded "ty.cuda.current_stream():synchronize()"),
  entry("default_stream", "(device?) -> stream", "The stream that work goes to at first." .. devices,
    guarded "print(ty.cuda.default_stream())"),
  entry("Event", "(enable_timing = false) -> event", "A mark in a stream. Methods: record(stream?), wait(stream?) (the stream "
    .. "waits for it), synchronize() (the program does), query() -> whether it was passed, elapsed_time(later "
    .. "event) -> milliseconds, "
    .. "for which both were made with enable_timing.",
    guarded("local a, b = ty.cuda.Event(true), ty.cuda.Event(true)\na:record()\nb:record()\nb:synchronize()\n"
      .. "print(a:elapsed_time(b))")),
  {names = {"cuda.Stream:synchronize", "cuda.Event:synchronize"}, signature = "()",
    doc = "Waits until the stream has done all that it has, or has passed the event.",
    example = guarded "ty.cuda.Stream():synchronize()"},
  {names = {"cuda.Stream:query", "cuda.Event:query"}, signature = "() -> bool",
    doc = "Whether the stream has done all that it has, or has passed the event.",
    example = guarded "print(ty.cuda.Stream():query())"},
  {names = {"cuda.Stream:wait_stream"}, signature = "(stream)",
    doc = "What comes next on this stream waits for what the other has now.",
    example = guarded "ty.cuda.Stream():wait_stream(ty.cuda.current_stream())"},
  {names = {"cuda.Stream:wait_event"}, signature = "(event)",
    doc = "What comes next on the stream waits for the event.",
    example = guarded "local s = ty.cuda.Stream()\ns:wait_event(s:record_event())"},
  {names = {"cuda.Stream:record_event"}, signature = "(event?) -> event",
    doc = "Marks where the stream is, with a fresh event if none is given.",
    example = guarded "local event = ty.cuda.Stream():record_event()"},
  {names = {"tensor:record_stream"}, signature = "(stream)",
    doc = "Says that another stream than the one it was made on uses a tensor of a GPU: once it is let go of, its memory is not "
      .. "given out again before that stream has done what it has then. An error for a tensor on the CPU.",
    example = guarded "local s, x = ty.cuda.Stream(), ty.ones(3, {device = \"cuda\"})\nx:record_stream(s)"},
  {names = {"cuda.Event:record"}, signature = "(stream?)",
    doc = "Marks where a stream is, the current one by default.",
    example = guarded "ty.cuda.Event():record()"},
  {names = {"cuda.Event:wait"}, signature = "(stream?)",
    doc = "What comes next on a stream, the current one by default, waits for the event.",
    example = guarded "local e = ty.cuda.Event()\ne:record()\ne:wait()"},
  {names = {"cuda.Event:elapsed_time"}, signature = "(later: event) -> number",
    doc = "Milliseconds between two events that were made with enable_timing, recorded and passed.",
    example = guarded("local a, b = ty.cuda.Event(true), ty.cuda.Event(true)\na:record()\nb:record()\nb:synchronize()"
      .. "\nprint(a:elapsed_time(b))")},
}
