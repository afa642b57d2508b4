-- nn.utils.rnn: batches of sequences of different lengths, padded to one length or packed without padding. A packed batch
-- holds the first step of all sequences, then the second of those that have one, and so on, longest sequence first.
-- Everything is made of differentiable ops.

local core = require "tycho.core"
local options = require "tycho.options"

local f = core.functions
local packed = {}

local function shape_text(sizes) return "{" .. table.concat(sizes, ", ") .. "}" end

local function need_tensor(name, what, value)
  if not core.is_tensor(value) then
    core.raise(("%s: %s must be a tensor, got %s"):format(name, what, options.say(value)))
  end
end

-- ---- PackedSequence ----

local PackedSequence = {}
PackedSequence.__index = PackedSequence
PackedSequence.__name = "PackedSequence"

function PackedSequence.__tostring(self)
  local function text(value) return tostring(value) end
  return ("PackedSequence(data=%s, batch_sizes=%s, sorted_indices=%s, unsorted_indices=%s)"):format(text(self.data),
    text(self.batch_sizes), text(self.sorted_indices), text(self.unsorted_indices))
end

-- The order that undoes another one.
local function inverse_of(order)
  local _, inverse = order:sort()
  return inverse
end

--- PackedSequence(data, batch_sizes, sorted_indices, unsorted_indices)
packed.PackedSequence = setmetatable(PackedSequence, {__call = function(class, data, batch_sizes, sorted, unsorted)
  need_tensor("nn.utils.rnn.PackedSequence", "data", data)
  need_tensor("nn.utils.rnn.PackedSequence", "batch_sizes", batch_sizes)
  for what, indices in pairs {sorted_indices = sorted, unsorted_indices = unsorted} do
    need_tensor("nn.utils.rnn.PackedSequence", what, indices)
  end
  if sorted and not unsorted then unsorted = inverse_of(sorted) end
  if unsorted and not sorted then sorted = inverse_of(unsorted) end
  return setmetatable({data = data, batch_sizes = batch_sizes, sorted_indices = sorted, unsorted_indices = unsorted}, class)
end})

function packed._is_packed(value) return type(value) == "table" and getmetatable(value) == PackedSequence end

--- to(device or dtype): the data moved or converted; the sequence itself when nothing changes.
function PackedSequence:to(...)
  local data = self.data:to(...)
  if data == self.data then return self end
  local device = data.device
  return PackedSequence(data, self.batch_sizes, self.sorted_indices and self.sorted_indices:to(device),
    self.unsorted_indices and self.unsorted_indices:to(device))
end

function PackedSequence:cpu() return self:to "cpu" end
function PackedSequence:cuda() return self:to "cuda" end
function PackedSequence:float() return self:to(core.dtypes.float32) end
function PackedSequence:double() return self:to(core.dtypes.float64) end

-- ---- Lengths ----

-- Lengths (a list or an integer tensor) as a Lua list of integers.
local function length_list(name, lengths)
  local list = lengths
  if core.is_tensor(lengths) then
    if lengths:dim() ~= 1 or lengths.dtype.is_floating_point or lengths.dtype == core.dtypes.bool then
      core.raise(("%s: lengths must be integers in one dimension, got %s %s"):format(name, tostring(lengths.dtype),
        shape_text(lengths.shape)))
    end
    list = lengths:totable()
  elseif type(lengths) ~= "table" then
    core.raise(("%s: lengths must be a list or a tensor of integers, got %s"):format(name, options.say(lengths)))
  end
  for i, length in ipairs(list) do
    if math.type(length) ~= "integer" then
      core.raise(("%s: length %d must be an integer, got %s"):format(name, i, options.say(length)))
    end
  end
  return list
end

-- Lengths of a batch of this size, each from `least` to `most`.
local function batch_lengths(name, lengths, batch, least, most)
  local list = length_list(name, lengths)
  if #list ~= batch then
    core.raise(("%s: %d lengths were given for a batch of %d sequences"):format(name, #list, batch))
  end
  for i, length in ipairs(list) do
    if length < least or length > most then
      core.raise(("%s: length %d is %d, expected %d to %d, the steps of the padded sequences"):format(name, i, length,
        least, most))
    end
  end
  return list
end

local function tail_sizes(x, from)
  local sizes = {}
  for d = from, x:dim() do sizes[#sizes + 1] = x:size(d) end
  return sizes
end

local function need_padded(name, input)
  need_tensor(name, "the input", input)
  if input:dim() < 2 or input:numel() == 0 then
    core.raise(("%s: the padded sequences are {steps, batch, ...}, none of them 0 (with batch_first {batch, steps, ...}); "
      .. "this shape is %s"):format(name, shape_text(input.shape)))
  end
end

-- ---- Packing ----

local pack_arguments = options.signature("nn.utils.rnn.pack_padded_sequence",
  "input: any, lengths: any, batch_first: bool = false, enforce_sorted: bool = true")

-- input: {steps, batch, ...}
local function pack(name, input, lengths, enforce_sorted)
  local list, order = batch_lengths(name, lengths, input:size(2), 1, input:size(1)), nil
  if not enforce_sorted then
    local sorted
    sorted, order = f.tensor(list):sort(1, true)
    list, order = sorted:totable(), order:to(input.device)
    input = input:index_select(2, order)
  end
  for i = 2, #list do
    if list[i] > list[i - 1] then
      core.raise(("%s: lengths must not grow: length %d is %d, the one before it %d; enforce_sorted = false sorts them"
        ):format(name, i, list[i], list[i - 1]))
    end
  end
  -- Steps that the same sequences last are one piece.
  local pieces, batch_sizes, from = {}, {}, 1
  for count = #list, 1, -1 do
    local steps = list[count] - from + 1
    if steps > 0 then
      local piece = input:narrow(1, from, steps):narrow(2, 1, count)
      pieces[#pieces + 1] = piece:reshape({steps * count, table.unpack(tail_sizes(input, 3))})
      for _ = 1, steps do batch_sizes[#batch_sizes + 1] = count end
      from = from + steps
    end
  end
  return PackedSequence(f.cat(pieces), f.tensor(batch_sizes), order)
end

--- pack_padded_sequence(input, lengths, batch_first = false, enforce_sorted = true) -> PackedSequence
function packed.pack_padded_sequence(...)
  local name = "nn.utils.rnn.pack_padded_sequence"
  local input, lengths, batch_first, enforce_sorted = pack_arguments(...)
  need_padded(name, input)
  return pack(name, batch_first and input:transpose(1, 2) or input, lengths, enforce_sorted)
end

-- The batch sizes of a packed sequence as a list: positive, never growing, as many rows in all as the data has.
local function batch_size_list(name, sequence)
  if sequence.data:dim() == 0 then core.raise(("%s: the data has no dimensions"):format(name)) end
  local sizes, rows = length_list(name, sequence.batch_sizes), 0
  for i, size in ipairs(sizes) do
    if size < 1 or size > (sizes[i - 1] or sequence.data:size(1)) then
      core.raise(("%s: batch_sizes must be positive and never grow; step %d has %d sequences"):format(name, i, size))
    end
    rows = rows + size
  end
  if #sizes == 0 or rows ~= sequence.data:size(1) then
    core.raise(("%s: batch_sizes add up to %d, and the data is %s"):format(name, rows, shape_text(sequence.data.shape)))
  end
  return sizes
end

local pad_arguments = options.signature("nn.utils.rnn.pad_packed_sequence",
  "sequence: any, batch_first: bool = false, padding_value: number = 0.0, total_length: count?")

--- pad_packed_sequence(sequence, batch_first = false, padding_value = 0, total_length = nil) -> padded, lengths
function packed.pad_packed_sequence(...)
  local name = "nn.utils.rnn.pad_packed_sequence"
  local sequence, batch_first, value, total = pad_arguments(...)
  if not packed._is_packed(sequence) then
    core.raise(("%s: a PackedSequence is needed, got %s"):format(name, options.say(sequence)))
  end
  local data, sizes = sequence.data, batch_size_list(name, sequence)
  local steps, batch = #sizes, sizes[1]
  if total and total < steps then
    core.raise(("%s: total_length must be at least the length of the longest sequence: %d and %d"):format(name, total,
      steps))
  end
  local tail, pieces, lengths, row, from = tail_sizes(data, 2), {}, {}, 1, 1
  for step = 1, steps do
    local count = sizes[step]
    for i = (sizes[step + 1] or 0) + 1, count do lengths[i] = step end
    if count ~= sizes[step + 1] then -- the last of the steps with so many sequences
      local many = step - from + 1
      local piece = data:narrow(1, row, many * count):reshape({many, count, table.unpack(tail)})
      if count < batch then
        piece = f.cat({piece, data:new_full({many, batch - count, table.unpack(tail)}, value)}, 2)
      end
      pieces[#pieces + 1] = piece
      row, from = row + many * count, step + 1
    end
  end
  if total and total > steps then
    pieces[#pieces + 1] = data:new_full({total - steps, batch, table.unpack(tail)}, value)
  end
  local padded, all = f.cat(pieces), f.tensor(lengths)
  if sequence.unsorted_indices then
    padded = padded:index_select(2, sequence.unsorted_indices)
    all = all:index_select(1, sequence.unsorted_indices:cpu())
  end
  return batch_first and padded:transpose(1, 2) or padded, all
end

-- ---- Lists of sequences ----

-- A list of tensors {length, ...} that agree in all but their lengths.
local function sequence_list(name, sequences)
  if core.is_tensor(sequences) and sequences:dim() > 0 then sequences = f.unbind(sequences, 1) end
  if type(sequences) ~= "table" or getmetatable(sequences) then
    core.raise(("%s: a list of sequences is needed, got %s"):format(name, options.say(sequences)))
  end
  if #sequences == 0 then core.raise(("%s: the list of sequences is empty"):format(name)) end
  local first
  for i, sequence in ipairs(sequences) do
    need_tensor(name, ("sequence %d"):format(i), sequence)
    if sequence:dim() == 0 then
      core.raise(("%s: sequence %d has no dimensions; sequences are {length, ...}"):format(name, i))
    end
    local text = ("%s %s"):format(tostring(sequence.dtype), shape_text(tail_sizes(sequence, 2)))
    first = first or text
    if text ~= first then
      core.raise(("%s: the steps of sequence %d are %s, those of the first %s"):format(name, i, text, first))
    end
  end
  return sequences
end

local sequence_arguments = options.signature("nn.utils.rnn.pad_sequence",
  'sequences: any, batch_first: bool = false, padding_value: number = 0.0, padding_side: string = "right"')

local function pad(list, batch_first, value, left)
  local most, rows = 0, {}
  for _, sequence in ipairs(list) do most = math.max(most, sequence:size(1)) end
  for i, sequence in ipairs(list) do
    local missing = most - sequence:size(1)
    if missing > 0 then
      local padding = sequence:new_full({missing, table.unpack(tail_sizes(sequence, 2))}, value)
      sequence = f.cat(left and {padding, sequence} or {sequence, padding}, 1)
    end
    rows[i] = sequence
  end
  return f.stack(rows, batch_first and 1 or 2)
end

--- pad_sequence(sequences, batch_first = false, padding_value = 0, padding_side = "right") -> tensor
function packed.pad_sequence(...)
  local name = "nn.utils.rnn.pad_sequence"
  local sequences, batch_first, value, side = sequence_arguments(...)
  if side ~= "right" and side ~= "left" then
    core.raise(("%s: padding_side must be \"right\" or \"left\", got %s"):format(name, options.say(side)))
  end
  return pad(sequence_list(name, sequences), batch_first, value, side == "left")
end

local unpad_arguments = options.signature("nn.utils.rnn.unpad_sequence",
  "padded_sequences: any, lengths: any, batch_first: bool = false")

--- unpad_sequence(padded_sequences, lengths, batch_first = false) -> list of tensors
function packed.unpad_sequence(...)
  local name = "nn.utils.rnn.unpad_sequence"
  local padded, lengths, batch_first = unpad_arguments(...)
  need_padded(name, padded)
  if not batch_first then padded = padded:transpose(1, 2) end
  local list = {}
  for i, length in ipairs(batch_lengths(name, lengths, padded:size(1), 0, padded:size(2))) do
    list[i] = padded:select(1, i):narrow(1, 1, length)
  end
  return list
end

local sequences_arguments = options.signature("nn.utils.rnn.pack_sequence", "sequences: any, enforce_sorted: bool = true")

--- pack_sequence(sequences, enforce_sorted = true) -> PackedSequence
function packed.pack_sequence(...)
  local name = "nn.utils.rnn.pack_sequence"
  local sequences, enforce_sorted = sequences_arguments(...)
  local list, lengths = sequence_list(name, sequences), {}
  for i, sequence in ipairs(list) do lengths[i] = sequence:size(1) end
  local input = pad(list, false, 0, false)
  need_padded(name, input)
  return pack(name, input, lengths, enforce_sorted)
end

local batch = "local a, b = ty.randn(3, 2), ty.randn(2, 2)\n"

packed.docs = {
  {name = "nn.utils.rnn", signature = ": pack_padded_sequence, pad_packed_sequence, pack_sequence, pad_sequence, unpad_sequence",
    doc = "Batches of sequences of different lengths, padded to one length, or packed without padding for nn.RNN, nn.LSTM and "
      .. "nn.GRU.", example = batch .. "print(nn.utils.rnn.pad_sequence({a, b}).shape)\n--> {3, 2, 2}"},
  {name = "nn.utils.rnn.PackedSequence", signature = "(data, batch_sizes, sorted_indices?, unsorted_indices?)",
    doc = "A batch of sequences without padding, as the functions beside it make it: data {all steps, ...} holds the first step "
      .. "of all sequences, then the second of those that have one, and so on; batch_sizes (int64) tells how many each step "
      .. "has. The sequences stand in the order sorted_indices; unsorted_indices brings the first order back (both count from "
      .. "1, nil where nothing was sorted).",
    example = batch .. "print(nn.utils.rnn.pack_sequence({a, b}).batch_sizes)\n--> tensor({2, 2, 1})"},
  {name = "nn.utils.rnn.PackedSequence:to", signature = "(device or dtype) -> PackedSequence",
    doc = "The data moved or converted, as tensor:to does it.",
    example = batch .. "print(nn.utils.rnn.pack_sequence({a, b}):to(ty.float64).data.dtype)\n--> float64"},
  {names = {"nn.utils.rnn.PackedSequence:float", "nn.utils.rnn.PackedSequence:double"}, signature = "() -> PackedSequence",
    doc = "The data as float32, or as float64.",
    example = batch .. "print(nn.utils.rnn.pack_sequence({a, b}):double().data.dtype)\n--> float64"},
  {names = {"nn.utils.rnn.PackedSequence:cpu", "nn.utils.rnn.PackedSequence:cuda"}, signature = "() -> PackedSequence",
    doc = "The data on the CPU, or on the GPU.",
    example = batch .. "print(nn.utils.rnn.pack_sequence({a, b}):cpu().data.device)\n--> cpu"},
  {name = "nn.utils.rnn.pack_padded_sequence",
    signature = "(input, lengths, batch_first = false, enforce_sorted = true) -> PackedSequence",
    doc = "Packs padded sequences {steps, batch, ...} (batch_first: {batch, steps, ...}). lengths: a list or a tensor of the "
      .. "length of each, in falling order; with enforce_sorted = false in any order.",
    example = "local x = ty.randn(3, 2, 4)\nprint(nn.utils.rnn.pack_padded_sequence(x, {3, 1}).data.shape)\n--> {4, 4}"},
  {name = "nn.utils.rnn.pad_packed_sequence",
    signature = "(sequence, batch_first = false, padding_value = 0.0, total_length?) -> padded, lengths",
    doc = "The padded sequences of a packed batch, in their first order, and a tensor of their lengths. total_length: steps to "
      .. "pad to, at least the longest length.",
    example = batch .. "local padded, lengths = nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence({a, b}))\n"
      .. "print(padded.shape, lengths)\n--> {3, 2, 2}\ttensor({3, 2})"},
  {name = "nn.utils.rnn.pad_sequence",
    signature = '(sequences, batch_first = false, padding_value = 0.0, padding_side = "right") -> tensor',
    doc = "Sequences {length, ...} of a list side by side, padded to the longest: {steps, batch, ...}, or {batch, steps, ...}.",
    example = "print(nn.utils.rnn.pad_sequence({ty.tensor{1, 2, 3}, ty.tensor{4}}, true))\n"
      .. "--> tensor({{1, 2, 3},\n-->         {4, 0, 0}})"},
  {name = "nn.utils.rnn.unpad_sequence", signature = "(padded_sequences, lengths, batch_first = false) -> list of tensors",
    doc = "The sequences of a padded batch, each of its own length.",
    example = "local list = nn.utils.rnn.unpad_sequence(ty.ones(3, 2), {3, 1})\nprint(list[2])\n--> tensor({1.})"},
  {name = "nn.utils.rnn.pack_sequence", signature = "(sequences, enforce_sorted = true) -> PackedSequence",
    doc = "Packs a list of sequences {length, ...}, the longest first; with enforce_sorted = false in any order.",
    example = batch .. "print(nn.utils.rnn.pack_sequence({b, a}, false).sorted_indices)\n--> tensor({2, 1})"},
}

return packed
