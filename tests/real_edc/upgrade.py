"""The same server, upgraded: its tables are migrated by the newer release's own migrations.

The tables were made straight from the older release's models, so first its migrations are put on record as
applied, which is what they are.
"""

import subprocess
from pathlib import Path
from typing import Final

from real_edc.environment import Environment

__all__ = ["migrate"]

_OWN_MIGRATIONS: Final = '{"MIGRATION_MODULES": {}}'
_MIGRATE: Final = ("-m", "django", "migrate", "--verbosity=0")
_TIMEOUT_S: Final = 600
_RECORD: Final = """
import django
django.setup()
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
recorder = MigrationRecorder(connection)
for app, name in MigrationLoader(None).disk_migrations:
    recorder.record_applied(app, name)
"""


def migrate(data: Path, older: Environment, newer: Environment) -> None:
    """Migrate the tables in a server's data folder; it and its staff are stopped.

    Raises:
        RuntimeError: a migration failed.
    """
    _run(older, data, ["-c", _RECORD])
    _run(newer, data, [*_MIGRATE, "--settings=clinic_settings"])  # edc_sites looks for it here


def _run(environment: Environment, data: Path, arguments: list[str]) -> None:
    # It records the folder of the packages that made the keys.
    (data / "keys" / "django_crypto_fields").unlink(missing_ok=True)
    done = subprocess.run(
        [str(environment.python), *arguments],
        env=environment.variables(data, _OWN_MIGRATIONS),
        cwd=data,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"no migration to {environment.version}:\n{done.stderr[-4000:]}")
