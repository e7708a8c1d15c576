"""Brings fundus images from the camera's folder to the trial's EDC server.

Read :mod:`camera_watchdog.lifecycle`, then :mod:`camera_watchdog.pipeline`.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("camera-watchdog")
