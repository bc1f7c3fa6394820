"""The layers of docs/architecture.md: what is pure stays pure, and imports go down only."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
IMPURE = {
    "sqlite3",
    "flask",
    "requests",
    "eventsourcing",
    "os",
    "pathlib",
    "time",
    "random",
    "uuid",
    "logging",
    "secrets",
    "socket",
    "subprocess",
    "threading",
}
CLOCKS = {"now", "utcnow", "today"}
PURE = sorted((PROJECT / "ledger/domain").rglob("*.py")) + sorted((PROJECT / "ledger/proof").rglob("*.py"))
STOP = [
    *sorted((PROJECT / "ledger/domain").rglob("*.py")),
    *(PROJECT / "ledger" / n for n in ("files.py", "digest.py", "errors.py", "said.py")),
]


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def imported(path: Path) -> set[str]:
    """Full names of the modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_the_pure_core_imports_nothing_of_the_outside_world():
    reached = {name_of(path): {name.partition(".")[0] for name in imported(path)} & IMPURE for path in PURE}
    assert not {name: roots for name, roots in reached.items() if roots}


def test_the_pure_core_reads_no_clock_opens_no_file_and_prints_nothing():
    found = []
    for path in PURE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                function = node.func
                clock = isinstance(function, ast.Attribute) and function.attr in CLOCKS
                world = isinstance(function, ast.Name) and function.id in {"open", "print", "input", "exec", "eval"}
                found += [f"{name_of(path)}:{node.lineno}: {ast.unparse(node)}"] * (clock or world)
    assert not found


def test_what_the_stop_needs_is_the_standard_library_and_itself():
    own = ("ledger.domain", "ledger.errors", "ledger.digest", "ledger.said")
    needed = {(name_of(path), name) for path in STOP for name in imported(path)}
    assert not {
        (path, name)
        for path, name in needed
        if name.partition(".")[0] not in sys.stdlib_module_names and name != "ledger" and not name.startswith(own)
    }


def test_what_the_stop_needs_loads_without_any_package():
    program = "import ledger.domain.decide, ledger.domain.evolve, ledger.domain.record, ledger.files"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {program}"], cwd=PROJECT
    )
    assert done.returncode == 0


STOPS = [f"ledger.stop.{path.stem}" for path in sorted((PROJECT / "ledger/stop").glob("[!_]*.py"))]


def test_what_the_stop_imports_loads_no_engine_for_regexes():
    """RE2 is a package, and one that is half there may end a process as it is loaded."""
    modules = ", ".join((*STOPS, "ledger.override", "ledger.files", "ledger.domain.decide"))
    program = f"import sys, {modules}; print(sorted({{'re2', 'ledger.regexes'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n" and len(STOPS) > 3


def test_the_contract_of_the_stop_names_the_engine():
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    [stop] = [one for one in contracts if one["name"] == "the stop needs the standard library alone"]
    assert {"re2", "ledger.regexes"} <= set(stop["forbidden_modules"])
    assert {"ledger.stop", "ledger.override", "ledger.domain"} <= set(stop["source_modules"])


def test_no_file_is_longer_than_400_lines():
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in (PROJECT / "ledger").rglob("*.py")}
    assert len(lines) > 100 and not {name: count for name, count in lines.items() if count > 400}


def test_the_import_contract_stands_in_pyproject_and_is_kept():
    tool = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert "importlinter" in tool, "pyproject.toml has no [tool.importlinter] yet"
    assert {contract["type"] for contract in tool["importlinter"]["contracts"]} >= {"layers", "forbidden"}
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
