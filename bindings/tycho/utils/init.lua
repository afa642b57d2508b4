-- ty.utils: tools that PyTorch keeps in torch.utils.

return {
  checkpoint = require "tycho.utils.checkpoint",
  docs = {{name = "utils", signature = ": tools", doc = "Tools beside the library, as torch.utils."}},
}
