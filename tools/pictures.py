"""``make pictures``: the pictures of the README and the documentation, out of those of ``make screenshots``.

A page's first screen, in 256 colours: what a reader looks at, a tenth of the bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PIL import Image

PICTURES: Final = {
    "now": "now-desktop-watch",
    "phone": "now-phone-watch",
    "stopped": "now-phone-stopped",
    "setup": "setup-desktop-first",
    "dark": "now-dark-stopped",
    "polish": "rollback-polish-watch",
    "rollback": "rollback-desktop-watch",
    "timeline": "timeline-desktop-finished",
    "review": "review-desktop-finished",
    "audit": "audit-desktop-watch",
}
"""Name under ``docs/images`` -> the picture that it is taken from."""
HIGH: Final = 900
"""Rows of a picture at most."""


def take(source: Path, target: Path) -> None:
    """The upper end of one picture."""
    with Image.open(source) as picture:
        first = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, HIGH)))
        first.quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


def main(source: Path, target: Path) -> None:
    """Take them all."""
    for name, taken in PICTURES.items():
        take(source / f"{taken}.png", target / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
