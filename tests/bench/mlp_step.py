"""The step of mlp_step.lua in PyTorch. THREADS says how many threads; prints the median microseconds."""
import os, time
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 256), nn.Linear(256, 128)
        self.fc3, self.fc4 = nn.Linear(128, 64), nn.Linear(64, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x):
        x = self.dropout(F.relu(self.fc1(x)))
        x = self.dropout(F.relu(self.fc2(x)))
        x = self.dropout(F.relu(self.fc3(x)))
        return F.log_softmax(self.fc4(x), 1)


net, criterion = Net(), nn.NLLLoss()
# The fastest of PyTorch's forms of Adam is asked for by the environment: "", "foreach" or "fused".
form = os.environ.get("ADAM", "")
opt = torch.optim.Adam(net.parameters(), lr=1e-3, **({form: True} if form else {}))
xs = [torch.randn(64, 784) for _ in range(20)]
ys = [torch.randint(0, 10, (64,)) for _ in range(20)]
times = []
for step in range(600):
    x, y = xs[step % 20], ys[step % 20]
    start = time.perf_counter()
    opt.zero_grad()
    loss = criterion(net(x), y)
    loss.backward()
    opt.step()
    loss.item()
    if step >= 100:
        times.append(time.perf_counter() - start)
times.sort()
print(f"{times[len(times) // 2] * 1e6:.1f}")
