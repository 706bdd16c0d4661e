#!/usr/bin/python3
"""Take training steps of the network `mark` in PyTorch on the CPU, the peer of `bench/network train`.

    apt-get install python3-torch
    /usr/bin/python3 bench/torch_train.py --threads 2

The same work as on our side: forward and backward over 16 patches of 96x96, L1
loss, one step of Adam. (Ours also keeps a moving average of the weights.)
Commands are read from standard input, one a line; bench/README.md describes
them: info, run N, quit.
"""

import argparse
import platform
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, PATCH = 16, 96
SHUFFLE, WIDTHS, DOWN, UP = 2, (48, 96, 160), (1, 1, 2), (1, 1)


class Residual(nn.Module):
    """x + conv(relu(conv(x)))"""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.second(F.relu(self.first(x), inplace=True))


def blocks(count, width):
    return nn.Sequential(*(Residual(width) for _ in range(count)))


class Mark(nn.Module):
    """cae.Autoencoder with three scales, additive skips and a residual head, as bench/network builds it."""

    def __init__(self):
        super().__init__()
        places = SHUFFLE * SHUFFLE
        pairs = list(zip(WIDTHS, WIDTHS[1:]))
        self.door = nn.Conv2d(4 * places, WIDTHS[0], 3, padding=1)
        self.encoders = nn.ModuleList(blocks(n, w) for n, w in zip(DOWN, WIDTHS))
        self.downs = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in pairs)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in pairs)
        self.decoders = nn.ModuleList(blocks(n, w) for n, w in zip(UP, WIDTHS))
        self.draw = nn.Conv2d(WIDTHS[0], 3 * places, 3, padding=1)

    def forward(self, image, level):
        x = self.door(F.pixel_unshuffle(torch.cat((image, level), 1), SHUFFLE))
        skips = []
        for encoder, down in zip(self.encoders, self.downs):
            x = encoder(x)
            skips.append(x)
            x = down(x)
        x = self.encoders[-1](x)
        for up, decoder in reversed(list(zip(self.ups, self.decoders))):
            x = decoder(up(x) + skips.pop())
        return image + F.pixel_shuffle(self.draw(x), SHUFFLE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true", help="keep data with the plane running fastest")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    net = Mark().to(memory_format=layout)
    image, level, clean = (torch.rand(BATCH, c, PATCH, PATCH).to(memory_format=layout) for c in (3, 1, 3))
    adam = torch.optim.Adam(net.parameters(), 1e-4)

    def step():
        start = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        loss = F.l1_loss(net(image, level), clean)
        loss.backward()
        adam.step()
        return 1e3 * (time.perf_counter() - start)

    for _ in range(2):  # memory is there before the first measurement
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        if words == ["info"]:
            answer = (
                f"PyTorch {torch.__version__} on Python {platform.python_version()}, {torch.get_num_threads()} threads, "
                f"{'channels last' if options.channels_last else 'planes'}; "
                f"step on {BATCH} patches of {PATCH}x{PATCH}, {BATCH * PATCH * PATCH} pixels, L1, Adam"
            )
        elif len(words) == 2 and words[0] == "run" and words[1].isdigit() and int(words[1]) > 0:
            answer = " ".join(f"{step():.3f}" for _ in range(int(words[1])))
        else:
            answer = f"error {line.strip()!r} is none of: info, run N, quit"
        print(answer, flush=True)


if __name__ == "__main__":
    main()
