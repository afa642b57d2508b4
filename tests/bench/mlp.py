"""mlp.lua in PyTorch."""
import sys

import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from measure import adam_form, device, maybe_compiled, measure


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 256), nn.Linear(256, 128)
        self.fc3, self.fc4 = nn.Linear(128, 64), nn.Linear(64, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        x = x.flatten(1)
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.dropout(F.relu(self.fc2(x)))
        x = self.dropout(F.relu(self.fc3(x)))
        return F.log_softmax(self.fc4(x), 1)


net, criterion = Net(), nn.NLLLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3, **adam_form)
model = maybe_compiled(net)


def train(x, y):
    opt.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    opt.step()
    return loss


def step():
    xs = [torch.randn(64, 784) for _ in range(20)]
    ys = [torch.randint(0, 10, (64,)) for _ in range(20)]
    measure(lambda i: train(xs[i % 20], ys[i % 20]).item(), warm=100)


def epoch():
    images = torch.randint(0, 256, (20000, 1, 28, 28), device="cpu").float() / 255
    labels = torch.randint(0, 10, (20000,), device="cpu")
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True, pin_memory=bool(device),
                        generator=torch.Generator("cpu"))

    def once(_):
        for x, y in loader:
            if device:
                x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            train(x, y).item()

    measure(once, warm=1, least=3, count=len(loader))


def evaluate():
    images, labels = torch.randn(10000, 1, 28, 28), torch.randint(0, 10, (10000,))
    loader = DataLoader(TensorDataset(images, labels), batch_size=500)
    net.eval()

    def once(_):
        right = 0
        with torch.no_grad():
            for x, y in loader:
                right += (model(x).argmax(1) == y).sum().item()

    measure(once)


globals()[sys.argv[1]]()
