"""An EDC of one subject, which fails once so many files have arrived."""

from typing import Final

from camera_watchdog_demo.edc_faults import Fault, Request

__all__ = ["SUBJECT", "FailingUploads"]

SUBJECT: Final = "105-10-0001-2"


class FailingUploads:
    """Lets ``uploads_left`` uploads pass and fails those after them; none for all."""

    def __init__(self) -> None:
        self.uploads_left: int | None = None

    def __call__(self, request: Request) -> Fault | None:
        if request.kind != "upload" or self.uploads_left is None:
            return None
        self.uploads_left -= 1
        return None if self.uploads_left >= 0 else Fault.answer(500, {"code": "storage_error"})
