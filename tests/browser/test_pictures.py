"""The main pages look as they were kept: a change of the screen is part of a change, or fails.

Seen: eight runs, two of them beside other work, and one each with letters hinted fully, hinted not at all and set on
whole pixels differ from the kept pictures in no block. A badge that is gone is 0.11 % of the blocks, a button of
another colour 0.41 %, a line under the bar 0.56 %, a card that moved by 8 pixels 7.5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import Browser

from . import axe
from .kept_pictures import PICTURES, STILLS, Camera, picture
from .likeness import BLOCK, SHADE, SHARE, differing, save, share, shown
from .stills import stage
from .test_looks import THEME, program

__all__ = ["program"]

FAILED = Path(__file__).parents[2] / "var" / "pictures"
CHANGES = {
    "a button of another colour": "a.button.primary { background: #17693d !important; }",
    "a card that moved by 8 pixels": ".summary { transform: translateY(8px); }",
    "a heading one size smaller": "h1 { font-size: 1.35rem !important; }",
    "a badge that is gone": ".page-head .badge { visibility: hidden; }",
    "a line under the bar that is gone": "#truth { border-bottom-color: transparent !important; }",
}


@pytest.fixture(scope="module")
def camera(chromium: Browser) -> Iterator[Camera]:
    with stage() as on:
        yield Camera(chromium, on)


@pytest.mark.parametrize("name", STILLS)
def test_a_page_looks_as_it_was_kept_and_axe_finds_nothing(camera: Camera, program: str, name: str) -> None:
    with camera.at(STILLS[name]) as page:
        found, kept = picture(page), PICTURES / f"{name}.png"
        for theme in ("light", "dark") if not STILLS[name].top else ():
            page.evaluate(THEME, theme)
            assert axe.violations(page, program) == [], theme
    blocks = differing(Image.open(kept) if kept.exists() else Image.new("RGB", (BLOCK, BLOCK)), found)
    if share(blocks) > SHARE:
        save(found, FAILED / f"{name}.png")
        save(shown(blocks, found), FAILED / f"{name}-differs.png")
        pytest.fail(
            f"{name} looks otherwise than {kept.name} in {share(blocks):.2%} of its blocks ({SHARE:.2%} may differ): "
            f"see {name}.png and {name}-differs.png in {FAILED}. Where that is meant: make kept-pictures",
            pytrace=False,
        )


def test_what_a_person_would_see_is_found_and_how_letters_are_smoothed_is_not(camera: Camera) -> None:
    missed = []
    with camera.at(STILLS["review"]) as page:
        before = picture(page)
        assert share(differing(before, picture(page))) == 0
        assert share(differing(before, before.convert("RGB").filter(ImageFilter.GaussianBlur(0.5)))) <= SHARE
        for what, style in CHANGES.items():
            added = page.add_style_tag(content=style)
            if (found := share(differing(before, picture(page)))) <= 2 * SHARE:
                missed.append(f"{what}: {found:.3%}")
            added.evaluate("one => one.remove()")
    assert missed == []


def test_a_block_counts_from_a_shade_on_and_a_page_of_another_size_differs_as_a_whole() -> None:
    grey = Image.new("RGB", (40, 40), (100, 100, 100))
    for shade, blocks in ((SHADE, 0), (SHADE + 1, 1)):
        other = grey.copy()
        other.paste((100, 100 + shade, 100), (0, 0, BLOCK, BLOCK))
        assert share(differing(grey, other)) == blocks / 100
    assert share(differing(grey, grey.resize((40, 44)))) == 1


def test_the_kept_pictures_are_small_and_are_those_that_are_taken() -> None:
    kept = {path.stem: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert kept.keys() == STILLS.keys() and sum(kept.values()) < 600_000
