-- ty.utils: tools that PyTorch keeps in torch.utils.

return {checkpoint = require "tycho.utils.checkpoint"}
