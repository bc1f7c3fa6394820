"""Prometheus' JSON to facts (docs/querying/api.md): series, rules, groups. One unreadable item costs only itself."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ledger.adapters.shapes import labels, line, listing, number, table, text, when
from ledger.domain.facts import AlertRule, RuleSeen, Series
from ledger.domain.watching.history import RuleGroup
from ledger.said import Said


def parse_series(value: object) -> Series:
    """A series of a vector (one ``value``) or a matrix (``values``); NaN and infinite values are left out."""
    page = table(value)
    given = [page["value"]] if "value" in page else listing(page["values"])
    points = ((number(at), number(figure)) for at, figure in given)
    return Series(labels(page["metric"]), tuple((at, figure) for at, figure in points if math.isfinite(figure)))


def native_histograms(value: object) -> bool:
    """Whether a series has histograms where numbers were asked for."""
    known = set(value) if isinstance(value, dict) else set()
    return not known & {"value", "values"} and bool(known & {"histogram", "histograms"})


def parse_groups(data: object, wanted: Collection[str]) -> tuple[tuple[RuleGroup, ...], list[str]]:
    """The groups with wanted alerting rules, of each only those, and a sentence for each that could not be read.

    Without ``wanted`` all alerting rules are. Other people's rules are not looked into: what is odd there is theirs.
    """
    groups: list[RuleGroup] = []
    lost: list[str] = []
    for item in listing(table(data)["groups"]):
        try:
            group = _parse_group(item, wanted, lost)
            groups += [group] if group.rules else []
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            names = [*_names(item)]
            if None in names:
                lost.append(
                    line(Said("a rule group could not be read, and what it holds is not known ({})", _why(error)))
                )
            elif any(_relevant(name, wanted) for name in names):
                lost.append(line(Said("a rule group with alerts of the runbook could not be read ({})", _why(error))))
    return tuple(groups), lost


def _parse_group(value: object, wanted: Collection[str], lost: list[str]) -> RuleGroup:
    page = table(value)
    rules = []
    for item in listing(page["rules"]):
        name = item.get("name") if isinstance(item, dict) else None
        if not _relevant(name, wanted) or (isinstance(item, dict) and item.get("type") == "recording"):
            continue
        try:
            rules.append(parse_rule(table(item)))
        except (KeyError, TypeError, ValueError) as error:
            lost.append(line(Said("the rule {} could not be read ({})", _shown(name), _why(error))))
    if not rules:
        return RuleGroup("", 0, ())
    return RuleGroup(f"{text(page['file'])};{text(page['name'])}", number(page["interval"]), tuple(rules))


def parse_rule(page: Mapping[str, Any]) -> RuleSeen:
    """An alerting rule; Go's zero time means that it was not evaluated yet."""
    evaluated = when(page["lastEvaluation"])
    return RuleSeen(
        name=line(page["name"]),
        health=line(page["health"]),
        state=line(page["state"]),
        evaluated_at=evaluated if evaluated.year > 1 else None,
        error=line(page.get("lastError", "")),
    )


MOST_CONDITIONS = 200
"""Rules whose conditions are read: each may be a line in a chart."""


def parse_conditions(data: object, wanted: Collection[str]) -> tuple[tuple[AlertRule, ...], list[str]]:
    """What the wanted alerting rules ask for, and a sentence for each that could not be read."""
    rules: list[AlertRule] = []
    lost: list[str] = []
    for group in listing(table(data)["groups"]):
        for item in listing(table(group)["rules"]):
            page = table(item)
            if page.get("name") not in wanted or page.get("type") == "recording":
                continue
            if len(rules) + len(lost) >= MOST_CONDITIONS:
                return tuple(rules), [*lost, Said("of more than {} rules the first were read", MOST_CONDITIONS)]
            try:
                severity = text(table(page.get("labels", {})).get("severity", ""))
                rules.append(AlertRule(line(page["name"]), text(page["query"]), severity, _waits(page)))
            except (KeyError, TypeError, ValueError) as error:
                lost.append(line(Said("the rule {} could not be read ({})", _shown(page["name"]), _why(error))))
    return tuple(rules), lost


def _waits(page: Mapping[str, Any]) -> float:
    seconds = number(page.get("duration", 0))
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("its duration is no number of seconds")
    return seconds


def _relevant(name: object, wanted: Collection[str]) -> bool:
    """Whether a rule of that name matters; one without a readable name may."""
    return not isinstance(name, str) or not wanted or name in wanted


def _names(value: object) -> Iterator[object]:
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(rules, list):
        yield None
        return
    for rule in rules:
        yield rule.get("name") if isinstance(rule, dict) else None


def _shown(name: object) -> str:
    return name if isinstance(name, str) else "?"


def _why(error: Exception) -> str:
    return Said("lacks {}", error) if isinstance(error, KeyError) else str(error)
