-- How a dataset gathers whole batches, where it can.

--- The method `batch` of a dataset, or nil. It is looked for in the metatable alone, since a dataset of the user's own may
-- answer any key.
return function(dataset)
  local meta = getmetatable(dataset)
  return type(meta) == "table" and rawget(meta, "batch") or nil
end
