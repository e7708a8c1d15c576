"""The published edc-retinopathy releases, run for real.

Each release gets an environment of its own, made once and kept outside the repository (see
:mod:`real_edc.environment`); a server is a copy of its template (see :mod:`real_edc.server`).
``python -m real_edc`` in ``tests`` makes the environments beforehand.
"""

from real_edc.environment import RealEdcUnavailable, environment_for
from real_edc.server import RealEdcServer

__all__ = [
    "FOUR_VERSIONS",
    "REAL_VERSIONS",
    "RealEdcServer",
    "RealEdcUnavailable",
    "environment_for",
]

REAL_VERSIONS = ("0.1.1", "0.2.0", "0.3.0", "0.4.0", "0.7.8", "1.4.0")
"""One release of each generation; any other that PyPI has can be run by its number."""

FOUR_VERSIONS = ("0.2.0", "0.4.0", "0.7.8", "1.4.0")
"""Those that the longer tests run on."""
