"""The limit that an alert rule sets to a metric, read off its PromQL where that is plainly ``something > number``.

Only what keeps a metric's own scale is plain: the metric, its extreme or mean over time or over series. A rate, a
ratio or a condition of several parts has no limit that could be drawn on the metric's axis, and gives none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from ledger.domain.facts import AlertRule

_LONGEST = 2_000
_DEEPEST = 20
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    |(?P<range>\[[^\]\[]*\])
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_:][\w:]*)
    |(?P<sign>=~|!~|!=|>=|<=|==|[=<>(){},+-]))""",
    re.VERBOSE,
)
_OVER_TIME = frozenset({"max_over_time", "min_over_time", "avg_over_time", "last_over_time"})
_OVER_SERIES = frozenset({"max", "min", "avg"})
_WORDS = frozenset({"by", "without", "bool", "offset", "and", "or", "unless", "on", "ignoring", "inf", "nan"})
_ABOVE = {">": True, ">=": True, "<": False, "<=": False}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


class Plain(NamedTuple):
    """A metric with its label matchers, in whatever order they stood."""

    name: str
    matchers: frozenset[str]


class Limit(NamedTuple):
    """A line that a metric must not cross, and whose it is."""

    value: float
    above: bool
    """True where the alert fires above the value, False where below."""
    rule: str
    severity: str
    for_seconds: float
    """How long it must be crossed before the alert fires."""
    queries: tuple[int, ...] = (0,)
    """Which of the panel's queries show its metric."""


class _NotPlain(Exception):
    pass


def limits_of(queries: Iterable[str], rules: Iterable[AlertRule]) -> tuple[Limit, ...]:
    """The limits of a panel's metrics, critical ones first, then from the outside in; none twice.

    A rule's limit counts where it is about a query's very metric: with the same label matchers, or with none.
    """
    shown = [*map(plain, queries)]
    found = set()
    for rule in rules:
        if condition := _condition(rule.expr):
            metric, above, value = condition
            about = tuple(number for number, one in enumerate(shown) if one and _is_about(metric, one))
            found |= {Limit(value, above, rule.name, rule.severity, rule.for_seconds, about)} if about else set()
    return tuple(
        sorted(found, key=lambda one: (one.severity != "critical", -one.value if one.above else one.value, one.rule))
    )


def _is_about(limited: Plain, shown: Plain) -> bool:
    return limited.name == shown.name and limited.matchers in (frozenset(), shown.matchers)


def plain(expr: str) -> Plain | None:
    """The metric of an expression whose values are on the metric's own scale; None for any other expression."""
    try:
        reader = _Reader(expr)
        found = reader.values(_DEEPEST)
        reader.ends()
    except _NotPlain:
        return None
    return found


def _condition(expr: str) -> tuple[Plain, bool, float] | None:
    """What is compared, whether the alert fires above, and the number; None where that is not plain."""
    try:
        reader = _Reader(expr)
        if reader.begins_with_number():
            value, operator = reader.number(), reader.operator()
            about, operator = reader.values(_DEEPEST), _TURNED[operator]
        else:
            about, operator, value = reader.values(_DEEPEST), reader.operator(), reader.number()
        reader.ends()
    except _NotPlain:
        return None
    return (about, _ABOVE[operator], value) if math.isfinite(value) else None


class _Reader:
    """Tokens of an expression, read from left to right; ``_NotPlain`` at the first that is none of ours."""

    def __init__(self, expr: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        text = expr.strip()
        if len(text) > _LONGEST:
            raise _NotPlain
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None or token.lastgroup is None:
                raise _NotPlain
            self._tokens.append((token.lastgroup, token[token.lastgroup]))
            at = token.end()
        self._next = 0

    def values(self, depth: int) -> Plain:
        """A selector, or one of our functions over it."""
        if not depth:
            raise _NotPlain
        if self._takes("("):
            found = self.values(depth - 1)
            self._needs(")")
            return found
        name = self._needs_kind("name")
        if name in _OVER_TIME and self._takes("("):
            found = self._selector(self._needs_kind("name"))
            self._needs_kind("range")
            self._needs(")")
            return found
        if name in _OVER_SERIES:
            return self._over_series(depth)
        return self._selector(name)

    def begins_with_number(self) -> bool:
        """Whether the first token is a number or its sign."""
        kind, text = self._peek()
        return kind == "number" or text in ("+", "-")

    def number(self) -> float:
        """A number with its sign."""
        minus = self._takes("-")
        if not minus:
            self._takes("+")
        value = float(self._needs_kind("number"))
        return -value if minus else value

    def operator(self) -> str:
        """A comparison that has a side."""
        _, text = self._peek()
        if text not in _ABOVE:
            raise _NotPlain
        self._next += 1
        return text

    def ends(self) -> None:
        """Nothing follows."""
        if self._next < len(self._tokens):
            raise _NotPlain

    def _over_series(self, depth: int) -> Plain:
        self._grouping()
        self._needs("(")
        found = self.values(depth - 1)
        self._needs(")")
        self._grouping()
        return found

    def _grouping(self) -> None:
        if self._peek()[1] in ("by", "without"):
            self._next += 1
            self._needs("(")
            while not self._takes(")"):
                self._needs_kind("name")
                self._takes(",")

    def _selector(self, name: str) -> Plain:
        if name.lower() in _WORDS or self._peek()[1] == "(":
            raise _NotPlain
        matchers = set()
        if self._takes("{"):
            while not self._takes("}"):
                label = self._needs_kind("name")
                kind, operator = self._peek()
                self._next += 1
                if kind != "sign" or operator not in ("=", "!=", "=~", "!~"):
                    raise _NotPlain
                matchers.add(f"{label}{operator}{self._needs_kind('string')[1:-1]}")
                self._takes(",")
        return Plain(name, frozenset(matchers))

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", "")

    def _takes(self, sign: str) -> bool:
        found = self._peek() == ("sign", sign)
        self._next += found
        return found

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise _NotPlain

    def _needs_kind(self, wanted: str) -> str:
        kind, text = self._peek()
        if kind != wanted:
            raise _NotPlain
        self._next += 1
        return text
