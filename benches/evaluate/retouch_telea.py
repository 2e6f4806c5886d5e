"""Writes retouch_telea.csv: how well OpenCV's inpainting (Telea 2004, Navier-Stokes) fills the
planted holes that `retouch.rs` fills too. Run: python3 retouch_telea.py > retouch_telea.csv
The pictures are made by the same integer formula in both programs."""

import cv2
import numpy as np

SIDE, COUNT = 48, 24


def picture(seed):
    state = seed * 7919 + 17
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    grain = np.zeros((SIDE, SIDE), np.int64)
    for j in range(SIDE):
        for i in range(SIDE):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            grain[j, i] = (state >> 24) % 5 - 2
    a, b = 3 + seed % 5, 7 - seed % 4
    # A parabola and a ridge: smooth metal and paper have slopes and bends, not steps.
    bow = ((x - 20) * (x - 20) * a + (y - 26) * (y - 26) * b) // 60
    ridge = 60 * 64 // (64 + (x * (seed % 3 + 1) - y + 8) ** 2 // 8)
    return np.clip(190 - bow + ridge + grain, 0, 255).astype(np.uint8)


def hole(seed):
    r = 3 + seed % 4
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return (((x - 24) ** 2 + (y - 24) ** 2) <= r * r).astype(np.uint8)


def psnr(a, b, mask):
    d = (a.astype(float) - b.astype(float))[mask > 0]
    return 10 * np.log10(255**2 / max((d**2).mean(), 1e-9))


print(f"# OpenCV {cv2.__version__}; made by: python3 retouch_telea.py > retouch_telea.csv")
print("# seed, PSNR inside the hole in dB: Telea radius 5, Navier-Stokes radius 5; sum of the picture")
for seed in range(COUNT):
    truth, mask = picture(seed), hole(seed)
    broken = truth.copy()
    broken[mask > 0] = 0
    telea = cv2.inpaint(broken, mask, 5, cv2.INPAINT_TELEA)
    stokes = cv2.inpaint(broken, mask, 5, cv2.INPAINT_NS)
    total = int(truth.astype(np.int64).sum())
    print(f"{seed},{psnr(truth, telea, mask):.2f},{psnr(truth, stokes, mask):.2f},{total}")
