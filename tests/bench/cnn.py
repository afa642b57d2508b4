"""cnn.lua in PyTorch."""
import sys

import torch
from torch import nn
import torch.nn.functional as F

from measure import adam_form, maybe_compiled, measure, memory_format


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3), nn.Conv2d(64, 128, 3)
        self.dropout, self.fc = nn.Dropout(0.5), nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        return self.fc(self.dropout(x.flatten(1)))


net, criterion = Net().to(memory_format=memory_format), nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3, **adam_form)
model = maybe_compiled(net)


def train(x, y):
    opt.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    opt.step()
    return loss


if sys.argv[1] == "step":
    n = int(sys.argv[2])
    x = torch.randn(n, 1, 28, 28).to(memory_format=memory_format)
    y = torch.randint(0, 10, (n,))
    measure(lambda _: train(x, y).item())
else:
    images = torch.randn(10000, 1, 28, 28).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (10000,))
    net.eval()

    def once(_):
        right = 0
        with torch.no_grad():
            for i in range(0, 10000, 500):
                right += (model(images[i : i + 500]).argmax(1) == labels[i : i + 500]).sum().item()

    measure(once, least=3)
