"""What each command does; the command line is :mod:`camera_watchdog.cli`."""
