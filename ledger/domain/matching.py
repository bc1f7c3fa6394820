"""Which alerts a set of matchers mutes, decided as Alertmanager decides it (pkg/labels/matcher.go).

Alertmanager and Prometheus read regexes as Go's RE2, fully anchored, in a time that grows with the text alone. Whoever
has that engine hands it in (`ledger.regexes`): it is a package, and what the stop needs is the standard library. With
none only names and beginnings are decided on, such as ``MultiStrategy.+``; what all else matches is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from ledger.domain.facts import AlertSeen, Matcher
from ledger.errors import Refused
from ledger.said import Said

Matching: TypeAlias = Callable[[str], bool]
"""Whether a whole text matches one regex."""
Engine: TypeAlias = Callable[[str], Matching]
"""From a regex; raises ``Refused`` where it is none that RE2 takes."""
LONGEST_REGEX = 100_000
"""Characters of a regex that is decided on."""
_PLAIN = re.compile(r"\w*(?:\.[*+])?", re.ASCII)
"""What Python reads as RE2 does, as quickly: a name or a beginning, as the shipped pattern is."""


class Undecided(Refused):
    """What a regex matches is not known here: there is no RE2."""


def _none(pattern: str) -> Matching:
    raise Undecided(
        Said(
            "what the regex {} matches is not known: the package google-re2 is not there; install stage4-ledger again",
            repr(pattern[:200]),
        )
    )


_engine: Engine = _none


def use(engine: Engine) -> None:
    """From now on regexes are read by this engine."""
    global _engine
    _engine = engine
    _compiled.cache_clear()


def matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Whether one matcher accepts a label set; a missing label counts as empty text.

    Raises ``Refused`` where the regex is none that RE2 takes, ``Undecided`` where there is no RE2.
    """
    value = labels.get(matcher.name, "")
    hit = fullmatch(matcher.value, value) if matcher.is_regex else value == matcher.value
    return hit is matcher.is_equal


def fullmatch(pattern: str, text: str) -> bool:
    """Whether the whole text matches; raises as ``matches`` does."""
    compiled = _compiled(pattern)
    if isinstance(compiled, Refused):
        raise type(compiled)(*compiled.args)
    return compiled(text)


def affected(matchers: Sequence[Matcher], alerts: Iterable[AlertSeen]) -> tuple[AlertSeen, ...]:
    """The alerts that a silence with these matchers mutes: all matchers must accept. No matcher mutes nothing.

    Raises ``Refused`` as ``matches`` does, also when there is no alert to compare with.
    """
    check(matchers)
    return tuple(alert for alert in alerts if accepts(matchers, alert)) if matchers else ()


def accepts(matchers: Sequence[Matcher], alert: AlertSeen) -> bool:
    """Whether every matcher accepts the alert's labels."""
    labels = dict(alert.labels)
    return all(matches(matcher, labels) for matcher in matchers)


def check(matchers: Sequence[Matcher]) -> None:
    """Raise as ``matches`` does where a regex cannot be decided on."""
    for matcher in matchers:
        if matcher.is_regex:
            fullmatch(matcher.value, "")


@lru_cache(maxsize=64)  # a compiled one may take a megabyte
def _compiled(pattern: str) -> Matching | Refused:
    """Also why it is refused: one that is too large takes long to find out."""
    if _PLAIN.fullmatch(pattern):
        plain = re.compile(pattern, re.ASCII)
        return lambda text: plain.fullmatch(text) is not None
    if len(pattern) > LONGEST_REGEX:
        return Refused(
            Said(
                "the regex {}… has {} characters; at most {} are read", repr(pattern[:60]), len(pattern), LONGEST_REGEX
            )
        )
    try:
        return _engine(pattern)
    except Refused as error:
        return error
