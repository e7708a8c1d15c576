"""Gunicorn as a clinic runs it: one worker with several threads.

It ends when its standard input does, so that it never outlives the test run, however that ended.
"""

import os
import signal
import threading

workers = 1
threads = 6
worker_class = "gthread"
accesslog = "-"
graceful_timeout = 1
wsgi_app = "django.core.wsgi:get_wsgi_application()"


def when_ready(_server: object) -> None:
    """Watch for the end of the standard input (gunicorn calls this once)."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()


def _end_with_stdin() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
