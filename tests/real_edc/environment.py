"""An environment for each published release: its own interpreter, its packages, its empty database.

It is made with uv, once, in ``~/.cache/camera-watchdog/edc`` or where
``CAMERA_WATCHDOG_EDC_CACHE`` says, in a folder named after the release and the files that made it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from filelock import FileLock

__all__ = ["CACHE_VARIABLE", "Environment", "RealEdcUnavailable", "environment_for"]

CACHE_VARIABLE: Final = "CAMERA_WATCHDOG_EDC_CACHE"

_HERE: Final = Path(__file__).resolve().parent
_SITE: Final = _HERE / "site"
# uv fetches this one where the machine has none; it has wheels for every package of every release.
_PYTHON_TO_FETCH: Final = "3.13"
_BUILD_TIMEOUT_S: Final = 1200
_LOCK_TIMEOUT_S: Final = 3600


class RealEdcUnavailable(Exception):
    """This machine cannot run the releases; the message says what it lacks and how to get it."""


@dataclass(frozen=True)
class Environment:
    """What a server of one release needs, ready on disk."""

    version: str
    folder: Path

    @property
    def python(self) -> Path:
        """The release's own interpreter, with its packages."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def site(self) -> Path:
        """The Django project."""
        return self.folder / "site"

    @property
    def template(self) -> Path:
        """A data folder with the tables and the keys, to be copied for each server."""
        return self.folder / "template"

    def variables(self, data: Path, settings_json: str = "{}") -> dict[str, str]:
        """The environment variables of a process that works on a data folder."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DJANGO_"))}
        return mine | {
            "PYTHONPATH": str(self.site),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "clinic_settings",
            "REAL_EDC_DATA": str(data),
            "REAL_EDC_SETTINGS": settings_json,
        }

    def works(self) -> bool:
        """Whether it is there, and its interpreter still is."""
        if not self.template.is_dir():
            return False
        return _runs([str(self.python), "-c", "import gunicorn, rest_framework"])


@cache
def environment_for(version: str) -> Environment:
    """The environment of a release, made if it is not there yet.

    Raises :class:`RealEdcUnavailable` where uv, Python 3.12 or a package index is missing.
    """
    if sys.platform == "win32":
        raise RealEdcUnavailable(
            "The EDC runs under gunicorn, which Windows lacks: run these tests on Linux or macOS."
        )
    root = Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache/camera-watchdog/edc")
    environment = Environment(version, root / f"{version}-{_fingerprint()}")
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{environment.folder.name}.lock", timeout=_LOCK_TIMEOUT_S):
        if not environment.works():
            _make(environment)
    return environment


@cache
def _fingerprint() -> str:
    """Of the files that an environment is made from."""
    digest = hashlib.sha256()
    made_from = [Path(__file__), _HERE / "overrides.txt", _HERE / "constraints.txt"]
    for path in [*made_from, *sorted(_SITE.rglob("*.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _make(environment: Environment) -> None:
    """Build it beside its place and rename it when it is whole."""
    with tempfile.TemporaryDirectory(
        dir=environment.folder.parent, prefix=f"{environment.version}-making-"
    ) as making:
        draft = Environment(environment.version, Path(making) / "environment")
        draft.folder.mkdir()
        _install(draft)
        shutil.copytree(_SITE, draft.site, ignore=shutil.ignore_patterns("__pycache__"))
        _make_template(draft)
        shutil.rmtree(environment.folder, ignore_errors=True)
        draft.folder.rename(environment.folder)


def _install(draft: Environment) -> None:
    """The release and what it needs, from wheels alone."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise RealEdcUnavailable("uv is missing: see https://docs.astral.sh/uv/ to install it.")
    _run_uv(
        [uv, "venv", "--python", _interpreter(), "venv"],
        draft,
        "Python 3.12 or later is missing, and uv cannot fetch it: install it, or put it on PATH.",
    )
    install = [uv, "pip", "install", "--python", str(draft.python), "--only-binary", ":all:"]
    install += ["--override", str(_HERE / "overrides.txt")]
    install += ["--constraint", str(_HERE / "constraints.txt")]
    _run_uv(
        [*install, f"edc-retinopathy=={draft.version}", "gunicorn"],
        draft,
        f"edc-retinopathy {draft.version} cannot be installed: a package index is needed once.",
    )


def _run_uv(command: list[str], draft: Environment, trouble: str) -> None:
    try:
        # In its folder, so that no project's settings for uv apply.
        done = subprocess.run(
            command,
            cwd=draft.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise RealEdcUnavailable(f"{trouble} ({error})") from error
    if done.returncode:
        raise RealEdcUnavailable(f"{trouble}\n{done.stderr[-2000:]}")


def _interpreter() -> str:
    """A suitable interpreter of this machine, else what uv is to fetch."""
    code = "import sys; sys.exit(not (3, 12) <= sys.version_info < (3, 15))"
    for candidate in _interpreters():
        if _runs([candidate, "-c", code]):
            return candidate
    return _PYTHON_TO_FETCH


def _interpreters() -> Iterator[str]:
    """Where an interpreter may be. A version manager's stand-in on PATH may refuse to run."""
    yield sys.executable
    for minor in (12, 13, 14):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(str(path) for path in pyenv.glob("versions/3.1[2-4]*/bin/python"))


def _runs(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _make_template(draft: Environment) -> None:
    """The tables, straight from the models, and the encryption keys, which take a while."""
    for name in ("keys", "etc", "storage/images"):
        (draft.template / name).mkdir(parents=True)
    migrate = [str(draft.python), "-m", "django", "migrate", "--run-syncdb", "--verbosity=0"]
    done = subprocess.run(
        [*migrate, "--settings=clinic_settings"],  # edc_sites looks for it here
        env=draft.variables(draft.template),
        cwd=draft.template,
        capture_output=True,
        text=True,
        check=False,
        timeout=_BUILD_TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(
            f"edc-retinopathy {draft.version} made no tables:\n{done.stderr[-4000:]}"
        )
    # It records the folder that the keys were made in, and Django refuses them in another.
    (draft.template / "keys" / "django_crypto_fields").unlink(missing_ok=True)
