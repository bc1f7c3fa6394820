"""Which alerts a set of matchers mutes, decided as Alertmanager decides it (pkg/labels/matcher.go).

Alertmanager reads regexes as Go's RE2, fully anchored. Python reads most of them alike; those that it would read
otherwise (or that RE2 does not know) are refused: a preview of other alerts than will be muted is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from ledger.domain.facts import AlertSeen, Matcher
from ledger.errors import Refused

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_SAME_ESCAPES = frozenset("AbBdDfnrsStvwWxa")
_SAME_GROUP = r"\(\?(?!:|P<[A-Za-z_]\w*>|[ims]+(?:-[ims]+)?[:)]|-[ims]+:)"
_TROUBLE = (
    (re.compile(_SAME_GROUP), "a group that is not (?:…), (?P<name>…) or the flags i, m, s"),
    (re.compile(r"\{,"), "a repetition without its first number"),
    (re.compile(r"[*+?}]\+"), "a doubled repetition"),
    (re.compile(r"[*+}][^()]*\)+[*+{]"), "a repetition inside a repetition"),
)


def matches(matcher: Matcher, labels: Mapping[str, str]) -> bool:
    """Whether one matcher accepts a label set; a missing label counts as empty text.

    Raises ``Refused`` where the regex is invalid or RE2 would read it differently.
    """
    value = labels.get(matcher.name, "")
    hit = bool(_compiled(matcher.value).fullmatch(value)) if matcher.is_regex else value == matcher.value
    return hit is matcher.is_equal


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
    """Raise ``Refused`` where a regex is invalid or would be read differently by Alertmanager."""
    for matcher in matchers:
        if matcher.is_regex:
            _compiled(matcher.value)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    trouble = _trouble(pattern)
    if trouble:
        raise Refused(f"the regex {pattern!r} has {trouble}: Alertmanager reads that differently or not at all")
    try:
        return re.compile(pattern, re.ASCII)  # RE2's \d, \w, \s and \b know ASCII only
    except (re.error, OverflowError, RecursionError) as error:
        raise Refused(f"the regex {pattern!r} is invalid: {error}") from error


def _trouble(pattern: str) -> str:
    for escaped in _ESCAPE.findall(pattern):
        if escaped.isalnum() and escaped not in _SAME_ESCAPES:
            return f"the escape \\{escaped}"
    if re.search(r"\[:\^?\w+:\]", pattern):
        return "a named class like [:alpha:]"
    skeleton = _ESCAPE_OR_CLASS.sub("x", pattern)
    if not pattern.isascii() and re.search(r"\(\?[ms]*i", skeleton):
        return "letters beyond ASCII together with the flag i"
    return next((words for regex, words in _TROUBLE if regex.search(skeleton)), "")
