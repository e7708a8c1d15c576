"""``python -m camera_watchdog`` is the command ``camera-watchdog``."""

import sys

from camera_watchdog.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
