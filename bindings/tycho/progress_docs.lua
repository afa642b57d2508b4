-- Documentation of ty.progress and ty.help, which are functions and so carry no list of their own.

return {docs = {
  {name = "ty.progress", signature = "(loader or list or count, label?, note?) -> iterator", doc = "A for loop with a bar on "
    .. "standard error while that is a terminal. label stands before the bar, the string that the function note gives behind it.",
    example = "for i in ty.progress(3, \"counting\") do local _ = i end"},
  {name = "ty.help", signature = "(value or name)", doc = "Prints the documentation of a function, a method or a class; in the "
    .. "prompt it is help, and ?name is help \"name\".", example = "ty.help(ty.matmul)"},
}}
