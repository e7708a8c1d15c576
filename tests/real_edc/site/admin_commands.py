"""What the EDC's staff does, asked for in JSON lines.

Reads ``{"command": …, "arguments": {…}}`` from the standard input, one a line, and answers each with
``{"result": …}`` or ``{"error": …}``; ends with its input. The first line that it prints is the
answer to no command: the token of the camera.
"""

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TextIO

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

_CONTRAINDICATIONS = {
    "pregnant": "N/A",
    "self_reported_impairment": "No",
    "visual_impairment": "No",
    "retinal_conditions": "No",
    "ocular_interventions": "No",
    "photosensitive": "No",
}


def _models() -> tuple[Any, Any, str]:
    """The model of a session, that of a file, and the name of the key between them."""
    models = {
        model.__name__: model for model in apps.get_app_config("edc_retinopathy").get_models()
    }
    names = ("EyeExamRegister", "CameraSession", "RetinopathySession")
    session = next(models[name] for name in names if name in models)
    file = models.get("SessionFile") or models["RetinalImage"]
    key = next(field.name for field in file._meta.fields if field.related_model is session)
    return session, file, key


def _subject_model() -> Any:
    return apps.get_model(settings.EDC_REGISTRATION_REGISTERED_SUBJECT_MODEL)


def camera_token() -> str:
    """The token of the camera's user, who is made on the first call."""
    user, _ = apps.get_model("auth.User").objects.get_or_create(username="camera")
    token, _ = apps.get_model("authtoken.Token").objects.get_or_create(user=user)
    return str(token.key)


def add_subject(subject: str, initials: str, sex: str, age: int) -> None:
    """Register a subject, or correct the record of one that is registered.

    An entry keeps what the record said when it was saved, which 0.2 and 0.3 compare with: so the
    staff saves the subject's entries again.
    """
    today = datetime.now(UTC).date()
    birthday = today.replace(year=today.year - age, day=min(today.day, 28)) - timedelta(days=30)
    model = _subject_model()
    record = model.objects.filter(subject_identifier=subject).first()
    if record is None:
        record = model(subject_identifier=subject)
    record.initials, record.gender, record.dob = initials, sex, birthday
    if hasattr(record, "site_id"):
        record.site_id = 1
    record.save()
    session, _, _ = _models()
    for entry in session.objects.filter(subject_identifier=subject):
        entry.save()


def add_session(subject: str, report_type: str) -> str:
    """The entry that a clinician makes before the exam; answers its id, "" where there is none."""
    session, _, _ = _models()
    names = {field.name for field in session._meta.fields}
    if "registered_subject" not in names:
        return ""
    related = session._meta.get_field("registered_subject").related_model
    answers = {name: answer for name, answer in _CONTRAINDICATIONS.items() if name in names}
    entry = session.objects.create(
        registered_subject=related.objects.get(subject_identifier=subject),
        report_type=report_type,
        site_id=1,
        **answers,
    )
    return str(entry.pk)


def delete_session(session_id: str) -> None:
    """Take a session away, with its files."""
    session, file, key = _models()
    files = file.objects.filter(**{key: session_id})
    for name in files.values_list("stored_filename", flat=True):
        _path(name).unlink(missing_ok=True)
    files.delete()
    session.objects.get(pk=session_id).delete()


def stored_files(subject: str | None) -> list[list[str]]:
    """Every file that the table lists: subject, session, type, name, SHA-256 on disk, taken at."""
    _, file, key = _models()
    files = file.objects.select_related(key).order_by("received_datetime")
    if subject is not None:
        files = files.filter(**{f"{key}__subject_identifier": subject})
    return [
        [
            getattr(row, key).subject_identifier,
            str(getattr(row, key).pk),
            row.file_type,
            row.original_filename,
            _sha256(_path(row.stored_filename)),
            row.capture_datetime.isoformat(),
        ]
        for row in files
    ]


def _path(stored_filename: str) -> Path:
    return Path(settings.EDC_RETINOPATHY_STORAGE_DIR) / "images" / stored_filename


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


_COMMANDS: dict[str, Callable[..., Any]] = {
    "add_subject": add_subject,
    "add_session": add_session,
    "delete_session": delete_session,
    "stored_files": stored_files,
}


def _answer(line: str) -> dict[str, Any]:
    request = json.loads(line)
    try:
        return {"result": _COMMANDS[request["command"]](**request["arguments"])}
    except Exception:  # noqa: BLE001 - whatever it was belongs into the test's failure
        return {"error": traceback.format_exc()}
    finally:
        connection.close()


def _own_stdout() -> TextIO:
    """The standard output for answers alone: the packages print there while they load."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def main() -> None:
    """Serve until the input ends."""
    answers = _own_stdout()
    # The releases hash every encrypted field a hundred thousand times, here mostly the same ones.
    hashlib.pbkdf2_hmac = cache(hashlib.pbkdf2_hmac)
    django.setup()
    print(json.dumps({"result": camera_token()}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
