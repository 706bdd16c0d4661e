#!/usr/bin/python3
"""Score OpenCV's fastNlMeansDenoisingColored, the peer that `restore eval denoise` is compared with.

    apt-get install python3-opencv
    /usr/bin/python3 bench/opencv_nlm.py --data $DATA/photos/val --sigma 15,25,50

Noise: Gaussian, standard deviation sigma on the 0-255 scale, added to the sRGB
samples of every channel, then clipped and rounded to 8 bits, because that is
all OpenCV's function takes. (`restore eval` neither clips nor rounds, so the
peer's input has the slightly higher PSNR of the two.) The generator is seeded
by the picture's place in the list and by sigma: each run, and each h within a
run, sees the same noise.

The filter: template window 7, search window 21 (its defaults), h = hColor. h
is chosen for each sigma: the best mean PSNR over a few pictures spread over
the list, by steps of 0.2 sigma going on until the best has a worse
neighbour on either side, then once by half that step. The chosen h then runs
over all pictures.

Score: PSNR over all pixels and channels against the clean picture, mean over
the pictures, as in `restore eval`.
"""

import argparse
import pathlib
import sys
import time

import cv2
import numpy as np

ENDINGS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}


def psnr(a, b):
    """PSNR in dB of two uint8 arrays, peak 255."""
    mse = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return 10 * np.log10(255**2 / mse) if mse > 0 else np.inf


def noisy_copy(clean, index, sigma):
    """An 8-bit copy of picture number index with noise of level sigma."""
    rng = np.random.default_rng([index, round(sigma * 1000)])
    noisy = clean + rng.normal(0, sigma, clean.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def measure(paths, sigma, h):
    """Mean PSNR before and after over (index, path) pairs, and seconds in the filter."""
    before, after, seconds = [], [], 0.0
    for index, path in paths:
        clean = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if clean is None:
            sys.exit(f"{path}: OpenCV cannot read this picture; take it out of the folder")
        noisy = noisy_copy(clean, index, sigma)
        start = time.process_time()
        out = cv2.fastNlMeansDenoisingColored(noisy, None, h, h, 7, 21)
        seconds += time.process_time() - start
        before.append(psnr(noisy, clean))
        after.append(psnr(out, clean))
    return np.mean(before), np.mean(after), seconds


def best_h(paths, sigma):
    """The h with the best mean PSNR over paths, as a multiple of sigma in twentieths."""
    scores = {}

    def score(k):
        if k not in scores:
            scores[k] = measure(paths, sigma, sigma * k / 20)[1]
            print(f"sigma {sigma:g}: h {sigma * k / 20:g} gives {scores[k]:.2f} dB on {len(paths)} pictures",
                  file=sys.stderr, flush=True)
        return scores[k]

    best = max((8, 12, 16), key=score)
    for step in (4, 2):
        while True:
            around = [k for k in (best - step, best, best + step) if k > 0]
            top = max(around, key=score)
            if top == best:
                break
            best = top
    return sigma * best / 20


def main():
    parser = argparse.ArgumentParser(description="score OpenCV's non-local means on noisy copies of clean pictures")
    parser.add_argument("--data", required=True, type=pathlib.Path, metavar="DIR", help="folder of clean pictures")
    parser.add_argument("--sigma", default="15,25,50", help="noise levels joined by commas (default %(default)s)")
    parser.add_argument("--choose", default=12, type=int, metavar="N", help="pictures on which h is chosen (default %(default)s)")
    args = parser.parse_args()

    cv2.setNumThreads(1)
    files = sorted(p for p in args.data.rglob("*") if p.suffix.lower() in ENDINGS)
    if not files:
        sys.exit(f"there is no picture in {args.data}")
    listed = list(enumerate(files))
    count = min(args.choose, len(listed))
    some = [listed[k * len(listed) // count] for k in range(count)]

    print(f"OpenCV {cv2.__version__}, NumPy {np.__version__}", flush=True)
    print("| sigma | h = hColor | noisy 8-bit copy, dB | OpenCV, dB | pictures | CPU seconds |")
    print("|---|---|---|---|---|---|", flush=True)
    for sigma in (float(word) for word in args.sigma.split(",")):
        h = best_h(some, sigma)
        before, after, seconds = measure(listed, sigma, h)
        print(f"| {sigma:g} | {h:g} | {before:.2f} | {after:.2f} | {len(listed)} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
