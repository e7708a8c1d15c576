"""The EDC's REST API: :mod:`~camera_watchdog.edc_api.client` asks, the others are its parts.

Nothing is imported here: ``answers`` and ``names`` are pure, and those who need only them load no
HTTP library.
"""
