"""Every text that pages can show, read out of templates and code: what the files in ``web/locale/pl`` have to have.

Pages' own texts come by Babel. What the ledger composes is read from the syntax tree: each string that reads like a
sentence, with ``{}`` for what is filled in, once for each form that a condition in it gives it.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import typing
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from ledger.domain.events import EVENTS
from ledger.domain.facts import FileSeen, SilenceSeen
from ledger.domain.runbook import STEPS, EffectKind, Verdict

ROOT = Path(__file__).resolve().parents[1]
MARKS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None, "_mark": None}
PAGES = (
    ("templates", "**.html", "jinja2.ext:babel_extract"),
    ("web", "**.py", "python"),
    ("ledger/app", "**.py", "python"),
)
"""Where texts of pages are marked as such."""
SOURCES = (
    "ledger/domain",
    "ledger/app",
    "ledger/adapters",
    "ledger/store",
    "ledger/verify",
    "ledger/files.py",
    "ledger/mistakes.py",
    "ledger/regexes.py",
    "ledger/override.py",
    "ledger/stop",
    "web",
)
ERRORS = {
    "Refused",
    "Conflict",
    "Corrupt",
    "Unreachable",
    "Undecidable",
    "LedgerError",
    "Standing",
    "NotYours",
    "abort",
}
UNSHOWN = re.compile(
    r"ledger/app/home/\w+\.py|ledger/app/telling/message\.py|ledger/app/doctor/(examine|machine|drill)\.py|ledger/app/record/(earlier_log|exporting|snapshots)\.py|ledger/app/reading/metrics\.py"
    r"|ledger/app/words\.py|ledger/app/setup_list/items\.py|ledger/app/acts/(act|duties|learning|opening|silences|steps|watching)\.py"
    r"|ledger/app/steps/(common|pictures|headers|closing)\.py"
    r"|ledger/domain/(form|record|runbook|paper|summaries|override_text|facts|event|events|command|\w+/(commands|events))\.py"
    r"|ledger/adapters/(picture|dashboard|transcript|silence_wire|wire)\.py"
    r"|ledger/store/sqlite/(schema|snapshots)\.py|ledger/stop/cord\.py"
)
"""Files whose sentences are the terminal's, a file's or a picture's, and never a page's."""
NO_SENTENCE = re.compile(
    r"\[Stage4\]|.*  |stage4 |.*<MIN>|scripts/|rm \{|gh workflow|removal of |Home\(|Bearer |time\(\) - |retry:|L2 Ops$"
    r"|ALERTS|count by |topk\(|.*\[\{\}s\]|.* and on\(\) "
    r"|foreign \{\}|unsigned: |silence   |status |.*\n\Z|Stage4 – | or $| \(last verdict| none known|none; open one"
    r"|\s*CREATE|\+at |.*\bSELECT|INSERT|BEGIN|PRAGMA|UPDATE|DELETE|sequence[ ,]|int \| None|of 1$|%s"
    r"|.*\bGLOB|texts\.|\.contents a\b"
    r"|.* = \?|.*ORDER BY|not a database|no such (table|column)|umask|mkdir |rm -f|cat >|test !|mv -fT"
    r"|disable_multi|The stop,"
    r"|\{\} clock|alertmanager (\{\} )?clock|silence labels|chmod "
    r"|<bdi |stage4-ledger |Ledger head |announce: |.*\buid \{\}$|\{\} at (byte )?\{\}$"
)
"""Commands to type, lines of logs, queries: text that is no sentence of a page."""
EVIDENCE = re.compile(r"ledger/verify/(?!replay|said|authority|verdicts)\w+\.py")
"""Where a text that begins small is evidence beside a finding ("expected", "found"), and stands as it is."""
TEXTUAL = (ast.Constant, ast.JoinedStr, ast.IfExp, ast.BoolOp)
MUCH = 12
"""Forms of one sentence at most; more means that a condition was read wrong."""


@functools.cache
def page_texts(root: Path = ROOT) -> dict[tuple[str, str], str]:
    """(message, plural or "") of what templates and Python mark, and the runbook's steps -> where."""
    places: dict[tuple[str, str], str] = {}
    for folder, pattern, method in PAGES:
        options = {pattern: {"trim_blocks": "true", "silent": "false"}}
        texts = extract_from_dir(root / folder, [(pattern, method)], options, keywords=MARKS)
        for file, line, message, _, _ in texts:
            singular, many = message if isinstance(message, tuple) else (message, "")
            places.setdefault((singular, many), f"{folder}/{file}:{line}")
    for step in STEPS:
        places.setdefault((step.title, ""), "ledger/domain/runbook.py")
        places.setdefault((step.passes_when, ""), "ledger/domain/runbook.py")
    return places


@functools.cache
def ledger_texts(root: Path = ROOT) -> dict[str, str]:
    """Template with ``{}`` -> where, of everything that the ledger composes and pages show."""
    places: dict[str, str] = {}
    for source in SOURCES:
        path = root / source
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            name = str(file.relative_to(root))
            if not UNSHOWN.fullmatch(name):
                for text in _Reader(ast.parse(file.read_text()), everything=not name.startswith("web/")).texts():
                    if not EVIDENCE.fullmatch(name) or not text[0].islower():
                        places.setdefault(text, name)
    for kind in sorted(EVENTS.values(), key=lambda event: (event.__module__, event.status, event.version)):
        verdict = " — {}" if "verdict" in typing.get_type_hints(kind) else ""
        for said in filter(None, (kind.sentence, kind.sentence_noted)):
            places.setdefault(re.sub(r"\{\w+\}", "{}", said) + verdict, kind.__module__.replace(".", "/") + ".py")
    return places | dict.fromkeys(words(), "words")


def words() -> set[str]:
    """Single words that the ledger fills in for what it saw or asked: kinds of files, states, effects, verdicts."""
    kinds = [typing.get_type_hints(FileSeen)["kind"], typing.get_type_hints(SilenceSeen)["state"], EffectKind, Verdict]
    for event in EVENTS.values():
        kinds += [hint for name, hint in typing.get_type_hints(event).items() if name in ("found", "finding", "source")]
    kept = {"alertmanager", "prometheus", "scheduler", "override"}
    return {word for kind in kinds for word in typing.get_args(kind) if isinstance(word, str)} - kept


class _Reader:
    """Reads one module."""

    def __init__(self, tree: ast.Module, *, everything: bool) -> None:
        self._tree, self._everything = tree, everything
        self._names = self._local = _names_in(
            [statement for statement in tree.body if not isinstance(statement, ast.FunctionDef)]
        )
        """What names stand for, so that a clause that is put together first is read in its place."""
        self._clauses: set[str] = set()

    def texts(self) -> Iterator[str]:
        yield from dict.fromkeys(self._walk(self._tree))

    def _walk(self, node: ast.AST, loud: bool = False) -> Iterator[str]:
        if isinstance(node, ast.FunctionDef):
            yield from self._function(node, loud)
            return
        if self._is_unread(node):
            return
        loud = loud or self._everything or isinstance(node, ast.AugAssign) or _called(node) in {*ERRORS, "append"}
        forms = self.forms(node) if isinstance(node, (*TEXTUAL, ast.BinOp)) else ["{}"]
        if forms != ["{}"]:
            yield from (text for text in forms if loud and _reads_like_a_sentence(text))
            return
        if isinstance(node, ast.Call) and _called(node) == "Said":
            yield from (text for text in self.forms(node.args[0]) if _reads_like_a_sentence(text))
            for value in node.args[1:]:
                yield from self._walk(value, loud)
            return
        for child in ast.iter_child_nodes(node):
            if not _is_docstring(child) and not _is_receiver(node, child):
                yield from self._walk(child, loud)

    def _function(self, node: ast.FunctionDef, loud: bool) -> Iterator[str]:
        before = self._names, self._clauses
        self._names, self._clauses = self._local | _names_in([node]), _clauses_in(node)
        for child in node.body:
            if not _is_docstring(child):
                yield from self._walk(child, loud)
        self._names, self._clauses = before

    def _is_unread(self, node: ast.AST) -> bool:
        """What is no text of its own: a page's text, a log, a comparison, a clause that is filled in elsewhere."""
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id in self._clauses and isinstance(node.value, TEXTUAL)
        if isinstance(node, ast.Call):
            silent = {*MARKS, "compile", "execute", "_execute", "fullmatch"}
            return _called(node) in silent or "logger" in ast.unparse(node.func)
        return isinstance(node, ast.Compare | ast.Assert)

    def forms(self, node: ast.AST, depth: int = 0) -> list[str]:
        """What the expression may read like; ``{}`` where that is not known here."""
        if isinstance(node, ast.Constant):
            return [re.sub(r"\{\w*\}", "{}", node.value)] if isinstance(node.value, str) else ["{}"]
        if isinstance(node, ast.FormattedValue):
            return self.forms(node.value, depth)
        if isinstance(node, ast.JoinedStr):
            return _together([self.forms(part, depth) for part in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            forms = _together([self.forms(node.left, depth), self.forms(node.right, depth)])
            return ["{}"] if forms == ["{}{}"] else forms  # a sum of numbers
        if isinstance(node, ast.IfExp):
            return list(dict.fromkeys(self.forms(node.body, depth) + self.forms(node.orelse, depth)))
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return list(dict.fromkeys(form for part in node.values for form in self.forms(part, depth)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "capitalize":
            return [form[:1].upper() + form[1:] for form in self.forms(node.func.value, depth)]
        if _called(node) == "Said" and isinstance(node, ast.Call):
            return self.forms(node.args[0], depth)
        if isinstance(node, ast.Name) and depth < 2:
            return self._named(node.id, depth + 1)
        return ["{}"]

    def _named(self, name: str, depth: int) -> list[str]:
        values = [value for value in self._names.get(name, []) if isinstance(value, TEXTUAL)]
        forms = list(dict.fromkeys(form for value in values for form in self.forms(value, depth)))
        forms = ["{}" if "_" in form and " " not in form else form for form in forms]
        if len(values) != len(self._names.get(name, [])):
            forms = ["{}", *(form for form in forms if form != "{}")]
        forms = list(dict.fromkeys(forms))
        return forms if 0 < len(forms) <= MUCH else ["{}"]


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _names_in(body: list[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Names that are assigned in these statements, not in functions inside of a module's -> what stands there."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in itertools.chain.from_iterable(
        ast.walk(statement) for statement in body if not isinstance(statement, ast.ClassDef)
    ):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    return assigned


def _clauses_in(function: ast.FunctionDef) -> set[str]:
    """Names that are filled into other texts of the function."""
    texts = [node for node in ast.walk(function) if isinstance(node, ast.JoinedStr | ast.BinOp)]
    return {node.id for text in texts for node in ast.walk(text) if isinstance(node, ast.Name)}


def _together(parts: list[list[str]]) -> list[str]:
    forms = ["".join(pieces) for pieces in itertools.product(*parts)]
    assert len(forms) <= MUCH, forms
    return forms


def _reads_like_a_sentence(text: str) -> bool:
    return bool(re.search(r"(\S [a-z]{2}|[a-z]{2}[,;:]? \S)", text)) and not NO_SENTENCE.match(text)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_receiver(parent: ast.AST, child: ast.AST) -> bool:
    return isinstance(parent, ast.Attribute) and isinstance(child, ast.Constant)
