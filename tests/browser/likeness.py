"""Whether two pictures show the same: what a person would see counts, and not how a Chromium smooths letters."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image, ImageChops

BLOCK: Final = 4
"""Pixels on a side of what is compared: edges are smoothed over one or two of them, and otherwise in each Chromium."""
SHADE: Final = 24
"""Of 255, in any of the three colours: by how much a block has to differ to count."""
SHARE: Final = 0.0005
"""Of all blocks may differ: 28 of a desktop's 57,600, 10 of a phone's 20,567. What was seen: ``test_pictures.py``."""
SHADES: Final = 128


def differing(kept: Image.Image, found: Image.Image) -> Image.Image:
    """White where a block differs, black elsewhere; all white where they are not of one size."""
    if kept.size != found.size:
        return Image.new("L", (found.width // BLOCK, found.height // BLOCK), 255)
    one, two = (picture.convert("RGB").reduce(BLOCK) for picture in (kept, found))
    red, green, blue = ImageChops.difference(one, two).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda shade: 255 if shade > SHADE else 0)


def share(blocks: Image.Image) -> float:
    """Of the blocks that differ."""
    return blocks.histogram()[255] / (blocks.width * blocks.height)


def shown(blocks: Image.Image, found: Image.Image) -> Image.Image:
    """What was found, pale, and in red what differs."""
    pale = Image.blend(found.convert("RGB"), Image.new("RGB", found.size, "white"), 0.6)
    pale.paste(Image.new("RGB", found.size, "#d00000"), mask=blocks.resize(found.size, Image.Resampling.NEAREST))
    return pale


def save(picture: Image.Image, target: Path) -> None:
    """As a PNG of few colours, the rare ones among them: no block is further from what it was than 7 of 255."""
    target.parent.mkdir(parents=True, exist_ok=True)
    few = picture.convert("RGB").quantize(SHADES, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(target, optimize=True)
