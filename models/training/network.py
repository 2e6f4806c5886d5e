"""The subject network: a small U-Net made of what runs fast in tract.

Input 1 x 7 x 320 x 320: the picture, its difference from the ground, a first guess (Sight in src/vision/sight.rs,
and 0 where there is no guess, -1 to 1). Output 1 x 3 x 320 x 320: coverage of the subject, of its metal, of
its stones, 0 to 1.
"""

import torch
from torch import nn
from torch.nn import functional

SIDE = 320
PLANES = 7
WIDTHS = (32, 40, 56, 64, 64)


def block(inputs, outputs, kernel=3, stride=1, active=True):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if active else nn.Sequential(*layers)


class Subject(nn.Module):
    """Squares of 4 x 4 pixels become channels first: 3 x 3 convolutions with few channels on wide rows are what tract
    is slow at. Skips are added and enlarging repeats pixels, for the same reason."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.stem = block(PLANES * 16, widths[0])
        self.down = nn.ModuleList(block(a, b, stride=2) for a, b in zip(widths, widths[1:]))
        self.left = nn.ModuleList(block(w, w) for w in widths)
        self.middle = nn.Sequential(block(widths[-1], widths[-1]), block(widths[-1], widths[-1]))
        self.narrow = nn.ModuleList(
            block(b, a, kernel=1, active=False) for a, b in zip(widths, widths[1:])
        )
        self.right = nn.ModuleList(block(w, w) for w in widths[:-1])
        self.out = nn.Conv2d(widths[0], 3 * 16, 3, padding=1)

    def forward(self, x):
        x = self.stem(functional.pixel_unshuffle(x, 4))
        skips = []
        for level, left in enumerate(self.left):
            x = left(x)
            if level < len(self.down):
                skips.append(x)
                x = self.down[level](x)
        x = self.middle(x)
        for level in reversed(range(len(self.down))):
            x = functional.interpolate(self.narrow[level](x), scale_factor=2.0, mode="nearest")
            x = self.right[level](x + skips[level])
        return functional.pixel_shuffle(self.out(x), 4)
