"""The status page in a real browser, at the widths of a workstation and of a phone."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.model import Reason, State
from camera_watchdog.overview import overview, server
from camera_watchdog.status_page import page
from exam_parts import acknowledged, exam, file

NOW: Final = datetime(2026, 3, 2, 11, 5, tzinfo=UTC)
ZONE: Final = ZoneInfo("Africa/Dar_es_Salaam")
WIDTHS: Final = {"workstation": (1920, 1080), "phone": (390, 844)}

FOUND: Final = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "chrome"])), "")
pytestmark = pytest.mark.skipif(
    not FOUND and not os.environ.get("CI"), reason="there is no Chromium on this machine"
)


def _held(subject: str, code: str, *, minutes: int, **details: str) -> Any:
    files = ("OD_0001.jpg",)
    return exam(
        file("OD_0001.jpg"),
        folder=subject,
        subject=subject,
        state=State.HELD,
        reason=Reason(code, files, details),
        first_seen=NOW - timedelta(minutes=minutes),
    )


def _sending(subject: str) -> Any:
    files = [acknowledged("OD.jpg"), file("OS.jpg"), file("report.pdf")]
    return exam(*files, folder=subject, subject=subject, state=State.UPLOADING, first_seen=NOW)


HELD: Final = (
    _held("105-10-0001-2", "no_session", minutes=95),
    _held("105-10-0007-4", "incomplete", minutes=40, missing="1 more image and the report"),
    _held(
        "105-10-0011-9", "eye_conflict", minutes=3000, said="the database says left, the name OD"
    ),
    _held("<b>x</b> " + "9" * 60, "unsafe_name", minutes=1, said="folder " + "9" * 60),
)
WELL: Final = server(reachable=True, since=NOW - timedelta(hours=5))
AWAY: Final = server(
    reachable=False,
    since=NOW - timedelta(minutes=20),
    trouble="edc_unreachable",
    said="no route to edc.example.org",
)
WAITING: Final = exam(
    file("OD.jpg"),
    folder="105-10-0020-1",
    subject="105-10-0020-1",
    state=State.READY,
    reason=Reason("edc_unreachable"),
    first_seen=NOW,
)
STATES: Final[dict[str, tuple[tuple[Any, ...], dict[str, Any], str]]] = {
    "well": ((), {}, "All is well"),
    "sending": ((_sending("105-10-0015-3"),), {}, "All is well"),
    "people": ((*HELD, _sending("105-10-0015-3")), {}, "4 exams need a person"),
    "away": ((WAITING, HELD[0]), {"server": AWAY}, "The EDC is away: exams wait"),
    "stopped": ((HELD[0],), {"running": False}, "Stopped: nothing is being sent"),
    "disk": ((), {"warnings": ("The disk is almost full (80 MB left).",)}, "All is well"),
}


def _chromium(tmp_path: Path, *arguments: str) -> str:
    assert FOUND, "CI needs a Chromium"
    line = [FOUND, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    profile = tmp_path / "profile"
    done = subprocess.run(
        [*line, f"--user-data-dir={profile}", "--virtual-time-budget=1500", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def _written(tmp_path: Path, state: str, extra: str = "") -> Path:
    exams, changes, _ = STATES[state]
    values: dict[str, Any] = {
        "at": NOW,
        "watch_dir": r"D:\fundus",
        "running": True,
        "server": WELL,
        "archived_today": 12,
    }
    text = page(overview(exams, **(values | changes)), ZONE)
    path = tmp_path / "status.html"
    path.write_text(text.replace("</body>", f"{extra}</body>"), "utf-8")
    return path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", STATES)
def test_the_page_is_drawn(tmp_path: Path, state: str, width: str) -> None:
    path = _written(tmp_path, state)
    picture = Path(os.environ.get("SCREENSHOTS", str(tmp_path))) / f"{state}-{width}.png"
    size = ",".join(str(pixels) for pixels in WIDTHS[width])

    _chromium(tmp_path, f"--window-size={size}", f"--screenshot={picture}", path.as_uri())

    assert picture.stat().st_size > 5_000


_MEASURE: Final = """
<script>
const light = c => { const f = c.map(v => { v /= 255;
  return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
const parse = c => c.match(/[\\d.]+/g).map(Number);
const behind = e => { while (e) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c.slice(0, 3); e = e.parentElement; } return [255,255,255]; };
let worst = 99, smallest = 99;
for (const e of document.querySelectorAll("h1,h2,h3,h3 small,p,dt,dd,footer,strong")) {
  const s = getComputedStyle(e);
  const a = light(parse(s.color).slice(0, 3)), b = light(behind(e));
  worst = Math.min(worst, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  smallest = Math.min(smallest, parseFloat(s.fontSize)); }
const h1 = parseFloat(getComputedStyle(document.querySelector("h1")).fontSize);
const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.body.dataset.measured = [worst.toFixed(2), smallest, h1, over].join(" ");
</script>
"""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("state", STATES)
def test_it_can_be_read_from_two_metres_by_everybody(
    tmp_path: Path, state: str, width: str
) -> None:
    """Contrast as WCAG 2 wants it, letters of a size, and no line wider than the screen."""
    path = _written(tmp_path, state, _MEASURE)
    # The page's own policy lets no script run: for the measuring it is taken out.
    path.write_text(re.sub(r"<meta http-equiv=\"Content-Sec[^>]*>", "", path.read_text("utf-8")))
    size = ",".join(str(pixels) for pixels in WIDTHS[width])

    drawn = _chromium(tmp_path, f"--window-size={size}", "--dump-dom", path.as_uri())

    measured = re.search(r'data-measured="([^"]*)"', drawn)
    assert measured is not None
    contrast, smallest_px, title_px, too_wide_px = map(float, measured[1].split())
    assert contrast >= 4.5
    assert smallest_px >= 16
    assert title_px >= (60 if width == "workstation" else 30)
    assert too_wide_px <= 0


def test_the_pages_own_policy_lets_no_script_run(tmp_path: Path) -> None:
    path = _written(tmp_path, "well", "<script>document.title = 'ran'</script>")

    assert "<title>ran" not in _chromium(tmp_path, "--dump-dom", path.as_uri())


def test_it_can_be_printed(tmp_path: Path) -> None:
    path, paper = _written(tmp_path, "people"), tmp_path / "page.pdf"

    _chromium(tmp_path, f"--print-to-pdf={paper}", path.as_uri())

    assert paper.read_bytes().startswith(b"%PDF-")
