"""The daemon where the system gives it nothing to watch with: it says so once, and lives by the sweep."""

from pathlib import Path

import pytest

from arrival import check_arrived, new_subject
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic
from namespaces import needs_namespaces, program_in

_SWEEP_S = 1.0


@needs_namespaces
@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_an_exam_is_brought_to_the_edc_where_the_system_gives_no_inotify(
    tmp_path: Path, limit: str
) -> None:
    subject = new_subject()
    with (
        DemoEdc("1.4", storage=tmp_path / "edc") as edc,
        Clinic(
            tmp_path / "clinic",
            api_url=edc.url,
            token=edc.token,
            settings=FAST | {"sweep_interval": _SWEEP_S},
            program=program_in(limits={limit: 0}),
        ) as clinic,
    ):
        edc.add_subject(subject)
        edc.add_session(subject)
        daemon = clinic.start()
        taken = clinic.camera.take(subject)
        (archived,) = clinic.archived(subject)
        check_arrived(edc, archived, taken, "")
        assert daemon.is_running
        said = [line for line in daemon.lines if "watching" in line]
        assert len(said) == 1
        assert "the sweep alone goes on" in said[0]
        assert "raise fs.inotify.max_user_" in said[0]
        assert "Traceback" not in daemon.text
        assert daemon.stop()[0] == 0
