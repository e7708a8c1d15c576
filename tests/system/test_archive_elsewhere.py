"""An archive outside of the camera's folder, as a service or a container mounts the two.

Both are on one volume all the time; whether a folder can be renamed from one to the other is for the
mounts to say.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from arrival import check_arrived, new_subject
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic
from namespaces import needs_namespaces, program_in

pytestmark = needs_namespaces


@pytest.fixture
def edc(tmp_path: Path) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path / "edc") as edc:
        yield edc


def clinic_in(folder: Path, edc: DemoEdc, *mounts: str) -> Clinic:
    """A clinic whose archive is beside the camera's folder, with mounts of its own."""
    (folder / "camera").mkdir(parents=True)
    (folder / "archive").mkdir()
    settings = FAST | {"archive_dir": str(folder / "archive")}
    program = program_in(mounts=[folder / mount for mount in mounts])
    clinic = Clinic(folder, api_url=edc.url, token=edc.token, settings=settings, program=program)
    clinic.archive_dir = folder / "archive"
    return clinic


@pytest.mark.parametrize("mounts", [("camera", "archive"), ("camera",), ("archive",)])
def test_what_is_mounted_apart_is_refused_at_the_start_in_words_of_its_own(
    tmp_path: Path, edc: DemoEdc, mounts: tuple[str, ...]
) -> None:
    with clinic_in(tmp_path / "clinic", edc, *mounts) as clinic:
        with clinic.launch() as daemon:
            assert daemon.wait() == 78
            assert "mounted apart from watch_dir" in daemon.text
            assert "another volume" not in daemon.text
            assert "service install" in daemon.text
        page = (clinic.state_dir / "status.html").read_text("utf-8")
        assert "mounted apart" in page
        assert [each.name for each in clinic.watch_dir.iterdir()] == [".camera-watchdog"]
        assert list(clinic.archive_dir.iterdir()) == []


def test_check_tries_it_where_it_is_run(tmp_path: Path, edc: DemoEdc) -> None:
    with clinic_in(tmp_path / "clinic", edc, "camera", "archive") as clinic:
        with clinic.launch("check") as check:
            assert check.wait() == 78
            assert "on one volume, but mounted apart" in check.text
        assert list(clinic.watch_dir.iterdir()) == []


@pytest.mark.parametrize("mounts", [(".",), ()])
def test_below_one_mount_an_exam_is_moved_to_it(
    tmp_path: Path, edc: DemoEdc, mounts: tuple[str, ...]
) -> None:
    """As the service's unit opens them."""
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    with clinic_in(tmp_path / "clinic", edc, *mounts) as clinic:
        clinic.start()
        taken = clinic.camera.take(subject)
        (archived,) = clinic.archived(subject)
        assert archived.parent == clinic.archive_dir
        check_arrived(edc, archived, taken, "")


def test_check_sees_the_mounts_of_the_daemon_that_runs(tmp_path: Path, edc: DemoEdc) -> None:
    """It is run in a shell, where nothing is mounted apart."""
    with clinic_in(tmp_path / "clinic", edc, ".") as clinic:
        clinic.start()
        assert "mounted apart" not in clinic.command("check").stdout
    with clinic_in(tmp_path / "other", edc, "camera") as clinic:
        clinic.settings["archive_dir"] = str(clinic.watch_dir / "processed")
        clinic.start()
        clinic.config_path.write_text(
            clinic.config_path.read_text("utf-8").replace("camera/processed", "archive"), "utf-8"
        )
        done = clinic.command("check")
        assert done.returncode == 78
        assert "the daemon that runs has archive_dir and watch_dir mounted apart" in done.stdout
