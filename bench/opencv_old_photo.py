"""OpenCV's way with an old photograph whose damage is known: Telea's inpainting, then
non-local means. It writes the result and prints how long both took.

    /usr/bin/python3 bench/opencv_old_photo.py --threads 2 PICTURE MASK OUT

The whole process is what `restore run -p old-photo` is timed against. It is given the
mask, which restore has to find.
"""

import argparse
import time

import cv2
import numpy as np


def main():
    parser = argparse.ArgumentParser(description="Inpainting (Telea) and non-local means of one picture.")
    parser.add_argument("picture")
    parser.add_argument("mask", help="white where the picture is damaged")
    parser.add_argument("out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--strength", type=float, default=7, help="h and hColor of the non-local means")
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)

    picture = cv2.imread(arguments.picture)
    mask = (cv2.imread(arguments.mask, cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8)
    begin = time.perf_counter()
    filled = cv2.inpaint(picture, mask, 3, cv2.INPAINT_TELEA)
    between = time.perf_counter()
    result = cv2.fastNlMeansDenoisingColored(filled, None, arguments.strength, arguments.strength, 7, 21)
    end = time.perf_counter()
    cv2.imwrite(arguments.out, result)
    print(f"Telea {between - begin:.2f} s, non-local means {end - between:.2f} s")


if __name__ == "__main__":
    main()
