from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

import camera_watchdog
from camera_watchdog.path_names import plain, sqlite_uri, verbatim


@pytest.mark.parametrize(
    "path,uri",
    [
        (PureWindowsPath(r"C:\Camera Data\db#1.db"), "file:///C:/Camera%20Data/db%231.db"),
        (PureWindowsPath(r"\\nas\share\100%.db"), "file:////nas/share/100%25.db"),
        (PurePosixPath("/data/a?b.db"), "file:///data/a%3Fb.db"),
    ],
)
def test_drives_and_shares_are_named_as_sqlite_wants_them(path: PurePath, uri: str) -> None:
    assert sqlite_uri(path.as_posix(), mode="ro") == f"{uri}?mode=ro"


@pytest.mark.parametrize(
    "written,meant",
    [
        (r"\\?\C:\Camera\exams", r"C:\Camera\exams"),
        ("//?/C:/Camera", r"C:\Camera"),
        (r"\\?\UNC\nas\share\x", r"\\nas\share\x"),
        (r"\\?\unc\nas\share", r"\\nas\share"),
        (r"C:\Camera", r"C:\Camera"),
        ("C:/Camera", "C:/Camera"),
        (r"\\nas\share", r"\\nas\share"),
        (r"\\?\Volume{4c1b02c1}\x", r"\\?\Volume{4c1b02c1}\x"),
        (r"\\.\C:\x", r"\\.\C:\x"),
        (r"relative\x", r"relative\x"),
    ],
)
def test_a_windows_path_is_written_plainly_where_that_says_the_same(
    written: str, meant: str
) -> None:
    assert plain(written) == meant


@pytest.mark.parametrize(
    "written,taken",
    [
        (r"C:\Camera\exams", r"\\?\C:\Camera\exams"),
        ("C:/Camera/S1/OD.jpg", r"\\?\C:\Camera\S1\OD.jpg"),
        (r"C:\Camera\..\exams\.\S1", r"\\?\C:\exams\S1"),
        (r"\\nas\share\S1\OD.jpg", r"\\?\UNC\nas\share\S1\OD.jpg"),
        ("//nas/share/S1.", r"\\?\UNC\nas\share\S1."),
        (r"C:\Camera\CON", r"\\?\C:\Camera\CON"),
        (r"\\?\C:\Camera", r"\\?\C:\Camera"),
        (r"\\?\UNC\nas\share", r"\\?\UNC\nas\share"),
        (r"\\.\C:\Camera", r"\\.\C:\Camera"),
        ("C:\\", "\\\\?\\C:\\"),
        (r"C:relative", r"C:relative"),
        (r"relative\S1", r"relative\S1"),
    ],
)
def test_a_windows_path_of_any_length_and_name_is_taken_as_it_is(written: str, taken: str) -> None:
    assert verbatim(written) == taken
    assert verbatim(taken) == taken


def test_no_other_module_writes_such_a_uri() -> None:
    """``as_uri`` gives a share as an authority, which SQLite refuses."""
    modules = Path(camera_watchdog.__file__).parent.rglob("*.py")
    assert [each.name for each in modules if "as_uri(" in each.read_text("utf-8")] == []
