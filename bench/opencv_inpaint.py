"""What OpenCV's two inpainting methods reach on the holes that

    restore eval inpaint --data DIR --write HOLES

writes: PSNR over the samples in holes, as that command measures it.

    /usr/bin/python3 bench/opencv_inpaint.py HOLES

It needs Debian's python3-opencv. NS is the method after Navier and Stokes
(Bertalmio, Bertozzi and Sapiro, CVPR 2001), Telea the one by fast marching (Telea,
J. Graphics Tools 9, 2004).
"""

import argparse
import math
import pathlib

import cv2
import numpy as np

METHODS = {"NS": cv2.INPAINT_NS, "Telea": cv2.INPAINT_TELEA}


def psnr(a, b, mask):
    error = (a.astype(np.float64) - b.astype(np.float64))[mask > 127]
    return min(60.0, 10 * math.log10(255 * 255 / max(np.mean(error**2), 1e-12)))


def main():
    parser = argparse.ArgumentParser(description="OpenCV's inpainting on the holes that restore eval inpaint --write writes.")
    parser.add_argument("holes", type=pathlib.Path, help="folder that restore eval inpaint --write wrote")
    parser.add_argument("--radius", type=float, default=3, help="of the neighbourhood, in samples")
    parser.add_argument("--write", type=pathlib.Path, help="folder for what OpenCV fills in, to look at")
    arguments = parser.parse_args()

    print(f"OpenCV {cv2.__version__}, radius {arguments.radius:g}")
    print("| holes | pictures | " + " | ".join(METHODS) + " | restore |")
    print("|---|---|" + "---|" * (len(METHODS) + 1))
    for kind in sorted(p for p in arguments.holes.iterdir() if p.is_dir()):
        rows = []
        for path in sorted(kind.glob("*.truth.png")):
            stem = path.name.removesuffix(".truth.png")
            truth = cv2.imread(str(path))
            holes, filled, mask = (cv2.imread(str(kind / f"{stem}.{what}.png"), flag) for what, flag in
                                   (("holes", cv2.IMREAD_COLOR), ("filled", cv2.IMREAD_COLOR), ("mask", cv2.IMREAD_GRAYSCALE)))
            row = []
            for name, method in METHODS.items():
                result = cv2.inpaint(holes, (mask > 127).astype(np.uint8), arguments.radius, method)
                row.append(psnr(result, truth, mask))
                if arguments.write:
                    folder = arguments.write / kind.name
                    folder.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(folder / f"{stem}.{name}.png"), result)
            rows.append(row + [psnr(filled, truth, mask)])
        means = np.mean(rows, axis=0)
        print(f"| {kind.name} | {len(rows)} | " + " | ".join(f"{m:.2f}" for m in means) + " |")


if __name__ == "__main__":
    main()
