"""The wheel, built and installed into an environment of its own outside the project, and what is run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from ledger.lab.tools import Tools

PROJECT = Path(__file__).resolve().parents[2]
PLACES = ("ledger", "web", "templates", "static", "deploy", "scripts")


class Installed:
    """An environment that has the wheel. Its dependencies are those of the environment that runs the tests."""

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.folder = folder
        self.bin = folder / "environment" / "bin"
        self.packages = Path(folder / "environment" / "lib" / f"python{sysconfig.get_python_version()}/site-packages")
        programs = [str(self.bin), str(tools.prometheus.parent), str(tools.alertmanager.parent)]
        self.path = os.pathsep.join([*programs, "/usr/local/bin", "/usr/bin", "/bin"])
        self.wheel = self._build()
        self._install()

    def _build(self) -> Path:
        """Offline: the hook has filled ``static/vendor`` when the project was set up."""
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self.folder / "dist")]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = (self.folder / "dist").glob("stage4_ledger-*.whl")
        return wheel

    def _install(self) -> None:
        environment = self.bin.parent
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], timeout=60, check=True)
        pip = [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "--quiet", "--no-index"]
        subprocess.run([*pip, "--no-deps", self.wheel], timeout=120, check=True)
        (self.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def environment(self, home: Path | None = None) -> dict[str, str]:
        """Nothing of the project, nor of whoever runs the tests."""
        named = {"STAGE4_HOME": str(home)} if home else {}
        return {"PATH": self.path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "COLUMNS": "120", **named}

    def run(self, home: Path, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in the home and return what it printed."""
        return subprocess.run(
            list(command),
            cwd=home,
            env=self.environment(home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def stage4(self, home: Path, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run ``stage4``."""
        return self.run(home, str(self.bin / "stage4"), *arguments, timeout=timeout)

    def python(self, home: Path, *arguments: str) -> str:
        """What a program printed; it has to end well."""
        done = self.run(home, str(self.bin / "python"), *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def without(self, name: str) -> Path:
        """Another copy of the packages, for PYTHONPATH, without one file or folder."""
        copy = self.folder / f"without {name.replace('/', ' ')}"
        for package in ("ledger", "web"):
            shutil.copytree(self.packages / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
        left_out = copy / name
        shutil.rmtree(left_out) if left_out.is_dir() else left_out.unlink()
        return copy
