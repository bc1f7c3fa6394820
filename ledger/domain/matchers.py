"""Matchers of silences that others made, for people and for entries: whole where they are small, else cut and said so.

What is decided on is always the whole (`ledger.domain.matching`). A silence may list four hundred hosts; an entry has
64 kB, and nobody reads a page of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.digest import sha384
from ledger.domain.facts import Matcher
from ledger.domain.text import shorten
from ledger.said import Said

LARGEST: Final = 12_000
"""Bytes of a silence's matchers that an entry holds whole, as JSON."""
_MOST: Final = 20
_LONGEST_NAME: Final = 60
_LONGEST_VALUE: Final = 200


def size(matchers: Iterable[Matcher]) -> int:
    """How many bytes they have as JSON."""
    return len(_json(matchers))


def noted(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """As an entry takes them: whole, or the beginnings of the first with a last one that says what was cut.

    That one is named ``…`` and has their number, their size and the digest of all of them (sorted, as JSON).
    """
    whole = _json(matchers)
    if len(whole) <= LARGEST:
        return tuple(matchers)
    said = Said("cut: {} matchers of {} bytes, {}", len(matchers), len(whole), sha384(whole))
    return (*_cut(matchers), Matcher("…", said, is_regex=True))


def told(matchers: Sequence[Matcher]) -> tuple[str, ...]:
    """As people read them: each at most some 260 characters, the first of many, and how many more there are."""
    left = len(matchers) - _MOST
    return (*map(str, _cut(matchers)), *((f"… (+{left})",) if left > 0 else ()))


def _cut(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    return tuple(
        matcher._replace(name=shorten(matcher.name, _LONGEST_NAME), value=shorten(matcher.value, _LONGEST_VALUE))
        for matcher in matchers[:_MOST]
    )


def _json(matchers: Iterable[Matcher]) -> bytes:
    return json.dumps(sorted(matchers), ensure_ascii=False, separators=(",", ":")).encode()
