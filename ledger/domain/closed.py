"""The rollbacks that are closed: those closed or changed lately, and all others, which are looked up when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from ledger.domain.state import Rollback

Trait = Literal["unended", "owing"]
"""``unended``: its silence, or a second one with its mark, was not seen to end. ``owing``: people still owe something
(``ledger.domain.duties.owed``)."""


class Earlier(Protocol):
    """Closed rollbacks that are kept elsewhere: each is read when it is asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object) -> bool: ...

    def __getitem__(self, name: str) -> Rollback: ...

    def opened_entry(self, name: str) -> int:
        """The entry that opened it; reads nothing."""

    def with_trait(self, trait: Trait) -> Iterable[str]:
        """The names of those that have the trait; reads nothing."""


class Closed(Mapping[str, "Rollback"]):
    """Id -> rollback. Never changed in place."""

    __slots__ = ("earlier", "own")

    def __init__(self, own: Mapping[str, Rollback] | None = None, earlier: Earlier | None = None) -> None:
        """``own`` stand before those of ``earlier`` with the same names."""
        self.own: Mapping[str, Rollback] = own or {}
        self.earlier = earlier

    def put(self, rollback: Rollback) -> Closed:
        """These, with one more or one as it is now."""
        return Closed({**self.own, rollback.id: rollback}, self.earlier)

    def candidates(self, trait: Trait) -> Iterator[Rollback]:
        """All that have the trait, and maybe others: whoever asks looks at each."""
        yield from self.own.values()
        if self.earlier is not None:
            yield from (self.earlier[name] for name in self.earlier.with_trait(trait) if name not in self.own)

    def newest_first(self) -> Iterator[Rollback]:
        """In the order in which they were opened, the last first."""
        opened = {name: rollback.opened_entry for name, rollback in self.own.items()}
        if self.earlier is not None:
            opened |= {name: self.earlier.opened_entry(name) for name in self.earlier if name not in opened}
        for name in sorted(opened, key=opened.__getitem__, reverse=True):
            yield self[name]

    def __getitem__(self, name: str) -> Rollback:
        if name in self.own or self.earlier is None:
            return self.own[name]
        return self.earlier[name]

    def __contains__(self, name: object) -> bool:
        return name in self.own or (self.earlier is not None and name in self.earlier)

    def __iter__(self) -> Iterator[str]:
        earlier = self.earlier
        if earlier is not None:
            yield from earlier
        yield from (name for name in self.own if earlier is None or name not in earlier)

    def __len__(self) -> int:
        if self.earlier is None:
            return len(self.own)
        return len(self.earlier) + sum(name not in self.earlier for name in self.own)

    def __repr__(self) -> str:
        return f"Closed({', '.join(self)})"
