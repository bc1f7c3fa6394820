"""A stop as it is typed at a terminal, read so that no slip of the hand refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ledger.domain.asked import Asked, fit
from ledger.domain.text import clean
from ledger.said import Said

VALUES = (
    "--reason",
    "--ticket",
    "--component",
    "--requested-by",
    "--duration-minutes",
    "--output-dir",
    "--log-level",
    "--home",
    "--as",
    "--stage",
)
"""Options that take a value."""
_FLAGS = ("--json",)
_HELP = ("-h", "--help", "--version")


class Typed(NamedTuple):
    """The options that were understood, by name (``--reason`` …), and what was not."""

    given: dict[str, str]
    flags: tuple[str, ...]
    left_out: tuple[str, ...]
    asks_for_help: bool

    @property
    def asked(self) -> Asked:
        """The stop that was meant."""
        named = {name[2:].replace("-", "_"): text for name, text in self.given.items()}
        fields = {name: named.get(name, "") for name in ("reason", "ticket", "requested_by", "component")}
        asked = fit(**fields, lasts=named.get("duration_minutes", ""))
        notes = tuple(Said("{} was not understood and left out", ascii(clean(text, 60))) for text in self.left_out)
        return asked._replace(notes=asked.notes + notes)

    @property
    def understood(self) -> list[str]:
        """The arguments again, without what was not understood."""
        return [*(part for pair in self.given.items() for part in pair), *self.flags]


def parse(arguments: Sequence[str]) -> Typed:
    """Read ``--name value``, ``--name=value`` and flags; what is repeated counts as typed last. Never fails."""
    given: dict[str, str] = {}
    flags: list[str] = []
    left_out: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in VALUES:
            if not equals:
                value = rest.pop(0) if rest and not _is_option(rest[0]) else ""
            given[name] = value
        elif word in _FLAGS:
            flags.append(word)
        else:
            left_out.append(word)
    return Typed(given, tuple(flags), tuple(left_out), any(word in _HELP for word in left_out))


def _is_option(word: str) -> bool:
    """Whether a word is the next option rather than a value: a reason may well begin with a hyphen."""
    return word.partition("=")[0] in (*VALUES, *_FLAGS, *_HELP)
