"""Trains the subject network. See README.md beside this file.

Samples come from `training-samples` as fast as it draws them and go into a store that batches are taken from at
random, so that a slow machine sees each sample more often and a fast one more of them. Everything that was
learnt is written to the checkpoint every few minutes; the same command goes on from there.
"""

import argparse
import math
import os
import subprocess
import threading
import time

import numpy
import torch
from torch.nn import functional

from network import SIDE, Subject

N = SIDE * SIDE
RECORD = 1 + 10 * N
PRACTICE = 0.12  # share of pictures that are path-traced practice sets: they take five times as long
TEST_SEED = 900_001  # never trained on: training seeds lie far below


def records(sampler, seed, count=0):
    """Samples as arrays of bytes, kind first."""
    command = [sampler, str(seed), str(count), str(PRACTICE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while True:
            record = process.stdout.read(RECORD)
            if len(record) < RECORD:
                return
            yield numpy.frombuffer(record, numpy.uint8)


class Store:
    """The newest samples."""

    def __init__(self, room, device):
        self.data = torch.empty((room, 10, SIDE, SIDE), dtype=torch.uint8, device=device)
        self.room, self.seen, self.device = room, 0, device

    def fill(self, sampler, seed):
        for record in records(sampler, seed):
            planes = torch.from_numpy(record[1:].reshape(10, SIDE, SIDE).copy())
            self.data[self.seen % self.room] = planes.to(self.device)
            self.seen += 1

    def batch(self, size, generator):
        newest = min(self.seen, self.room)
        pick = torch.randint(newest, (size,), generator=generator).to(self.device)
        return self.data[pick]


def prepared(values):
    """Input and truth of a batch of bytes, or of values in their range."""
    values = values.float()
    seen = torch.cat(
        [values[:, :3] / 255 - 0.5, (values[:, 3:6] - 128) / 127, (values[:, 6:7] - 128) / 127.5], 1
    )
    return seen, (values[:, 7:] / 255).clamp(0, 1)


def turned(batch, generator):
    """Mirrored, turned, and with other colours: lights and grounds have no upright, and metals and papers come in any
    hue. Every second batch also by any angle and in another size, which softens it a little."""
    hue = torch.randperm(3, generator=generator).tolist()
    batch = batch[:, hue + [3 + c for c in hue] + [6, 7, 8, 9]]
    flips = torch.randint(2, (3,), generator=generator)
    if flips[0]:
        batch = batch.flip(3)
    if flips[1]:
        batch = batch.flip(2)
    if flips[2]:
        batch = batch.transpose(2, 3)
    batch = batch.float()
    if torch.rand((), generator=generator) < 0.5:
        return batch
    size = len(batch)
    angle = (torch.rand(size, generator=generator) * 2 - 1) * math.pi
    scale = torch.exp((torch.rand(size, generator=generator) * 2 - 1) * 0.3)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = (torch.rand(2, size, generator=generator) * 2 - 1) * 0.1
    rows = [torch.stack([cos, -sin, shift[0]], 1), torch.stack([sin, cos, shift[1]], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), batch.shape, align_corners=False)
    return functional.grid_sample(
        batch, grid.to(batch.device), padding_mode="reflection", align_corners=False
    )


def loss_of(out, truth):
    """Cross entropy, more of it along edges; overlap of each picture, so that a thin wire counts as much as a bangle;
    metal and stone where there is subject."""
    subject = truth[:, :1]
    near = functional.max_pool2d(subject, 7, 1, 3) - (-functional.max_pool2d(-subject, 7, 1, 3))
    weight = 1 + 3 * near
    entropy = functional.binary_cross_entropy_with_logits(out, truth, reduction="none")
    whole = (entropy[:, :1] * weight).mean()
    parts = (entropy[:, 1:] * (0.1 + subject)).mean()
    got = torch.sigmoid(out[:, :1])
    both = (got * subject).sum((1, 2, 3))
    either = (got + subject - got * subject).sum((1, 2, 3))
    overlap = 1 - ((both + 20) / (either + 20)).mean()
    return whole + 0.5 * parts + 0.5 * overlap


def measured(model, test, device):
    """Mean overlap by kind of sample."""
    kinds = {}
    model.eval()
    with torch.no_grad():
        for start in range(0, len(test), 25):
            part = test[start : start + 25]
            batch = torch.from_numpy(numpy.stack([r[1:].reshape(10, SIDE, SIDE) for r in part]))
            seen, truth = prepared(batch.to(device))
            got, want = model(seen)[:, 0] > 0, truth[:, 0] > 0.5
            both = (got & want).sum((1, 2)).tolist()
            either = (got | want).sum((1, 2)).tolist()
            for record, b, e in zip(part, both, either):
                kinds.setdefault(int(record[0]), []).append(b / e if e else 1.0)
    model.train()
    return {kind: sum(v) / len(v) for kind, v in sorted(kinds.items())}


def words(kind):
    return " ".join(
        [
            "practice" if kind & 4 else "drawn",
            "square" if kind & 2 else "whole",
            "fitted" if kind & 1 else "empty-set",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sampler", required=True, help="the program training-samples")
    parser.add_argument("--checkpoint", default="subject.pt")
    parser.add_argument("--hours", type=float, default=6.0, help="in all, over all runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--room", type=int, default=2000, help="samples that are kept, 1 MB each")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--minutes-between", type=float, default=5.0)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    model = Subject().to(device).to(memory_format=torch.channels_last)
    mean = Subject().to(device)  # a running mean of the weights is better than any of them
    mean.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), options.rate, weight_decay=1e-2)
    steps, spent, run = 0, 0.0, 0
    if os.path.exists(options.checkpoint):
        saved = torch.load(options.checkpoint, map_location=device)
        model.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimiser.load_state_dict(saved["optimiser"])
        steps, spent, run = saved["steps"], saved["spent"], saved["run"] + 1
        print(f"goes on after {steps} steps, {spent / 3600:.2f} hours", flush=True)
    test = list(records(options.sampler, TEST_SEED, 160))
    store = Store(options.room, device)
    filling = threading.Thread(
        target=store.fill, args=(options.sampler, options.seed + 1000 * run), daemon=True
    )
    filling.start()
    while store.seen < min(options.room, 8 * options.batch):
        time.sleep(0.2)

    def keep():
        state = {
            "model": model.state_dict(),
            "mean": mean.state_dict(),
            "optimiser": optimiser.state_dict(),
            "steps": steps,
            "spent": spent,
            "run": run,
        }
        torch.save(state, options.checkpoint + ".part")
        os.replace(options.checkpoint + ".part", options.checkpoint)

    last = told = time.time()
    sum_loss, count = 0.0, 0
    budget = options.hours * 3600
    while spent < budget:
        done = spent / budget
        warm = min(1.0, (steps + 1) / 300)
        for group in optimiser.param_groups:
            group["lr"] = options.rate * warm * max(0.002, 0.5 * (1 + math.cos(math.pi * done)))
        seen, truth = prepared(turned(store.batch(options.batch, generator), generator))
        seen = seen.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            out = model(seen)
        loss = loss_of(out.float(), truth)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        steps += 1
        with torch.no_grad():
            keep_share = min(0.998, steps / (steps + 50))
            for a, b in zip(mean.state_dict().values(), model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.lerp_(b, 1 - keep_share)
                else:
                    a.copy_(b)
        if steps % 20 == 0:
            sum_loss, count = sum_loss + loss.item(), count + 1
        now = time.time()
        spent, last = spent + now - last, now
        if now - told > 60 * options.minutes_between:
            keep()
            figures = ", ".join(f"{words(k)} {v:.3f}" for k, v in measured(mean, test, device).items())
            print(
                f"{spent / 3600:.3f} h, step {steps}, {store.seen} samples drawn,"
                f" loss {sum_loss / max(count, 1):.4f}; overlap: {figures}",
                flush=True,
            )
            sum_loss, count = 0.0, 0
            told = last = time.time()
    keep()
    for kind, value in measured(mean, test, device).items():
        print(f"{words(kind)}: overlap {value:.4f}", flush=True)


if __name__ == "__main__":
    main()
