"""A person without a mouse: only keys, and every place where the focus comes by has to be seen."""

from __future__ import annotations

from typing import Any, Self

from playwright.sync_api import Page

from .house import eventually
from .people import SENDS

PLACE = """selector => {
  const at = document.activeElement, look = getComputedStyle(at), box = at.getBoundingClientRect();
  const bar = document.querySelector(".bar"), apart = !bar || bar.contains(at) || at.matches(".skip");
  const top = apart ? 0 : bar.getBoundingClientRect().bottom;
  return {
    there: at.matches(selector), html: at.outerHTML.slice(0, 200),
    seen: at !== document.body && look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2
      && box.width > 0 && box.bottom > top && box.top < innerHeight,
  };
}"""
FARTHEST = 120
"""Presses of Tab at most: more than any page of ours has places."""


class Keyboard:
    """Somebody at a page who has keys alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> Self:
        """One key after another."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def type(self, text: str) -> Self:
        """Type where the focus is; what a field held was selected by the Tab that led into it."""
        self.page.keyboard.type(text)
        return self

    def to(self, selector: str, key: str = "Tab") -> Self:
        """Go on with Tab (or Shift+Tab) until the focus is there."""
        for _ in range(FARTHEST):
            self.press(key)
            place = self.place(selector)
            assert place["seen"], f"on the way to {selector} the focus is not seen: {place['html']}"
            if place["there"]:
                return self
        raise AssertionError(f"{key} does not lead to {selector}")

    def place(self, selector: str = "*") -> dict[str, Any]:
        """Whether the focus is at what the selector names, and whether it is seen."""
        found: dict[str, Any] = self.page.evaluate(PLACE, selector)
        return found

    def stands_in(self, selector: str) -> None:
        """The focus is, once the answer to a press has come, within what the selector names, and seen."""

        def there() -> bool:
            place = self.place(f"{selector}, {selector} *")
            return bool(place["there"] and place["seen"])

        eventually(there, 2, f"the focus in {selector}; it is at {self.place()['html']}")

    def act(self, name: str, key: str = "Enter", way: str = "Tab", **typed: str) -> Self:
        """Fill an act's form and press its button with a key; ``way`` leads to the form from where the focus is."""
        for field, value in typed.items():
            self.to(f"#act-{name} [name={field}]", way).type(value)
            way = "Tab"
        return self.to(f"#act-{name} {SENDS}", way).press(key)
