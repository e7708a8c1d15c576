"""What the demo's EDC server answers: one call in, one answer out, whatever carries them.

The calls, status codes, keys and error codes are those of the published releases, each generation
by its row in :mod:`camera_watchdog_demo.edc_generations`; so is the order in which they check.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from camera_watchdog_demo.edc_answers import (
    Answer,
    Call,
    Refused,
    Route,
    json_answer,
    page,
    read_form,
    read_json,
    refuse,
    route,
)
from camera_watchdog_demo.edc_fields import (
    Capture,
    FieldErrors,
    Subject,
    check_resolve,
    check_upload,
)
from camera_watchdog_demo.edc_generations import Generation, Repeat
from camera_watchdog_demo.edc_store import DatabaseError, EdcStore, FileRecord, Session
from camera_watchdog_demo.multipart import Upload

__all__ = ["EdcViews"]

_METHODS = {"ping": "GET", "status": "GET", "resolve": "POST", "upload": "POST"}
_DICOM_MARK_AT = 128
_HTML_STARTS = (b"<!doctype", b"<html", b"<head", b"<body")


class EdcViews:
    """The REST API of one generation over one store."""

    def __init__(
        self,
        generation: Generation,
        store: EdcStore,
        *,
        token: str,
        max_file_size_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._generation = generation
        self._store = store
        self._token = token
        self._max_file_size_bytes = max_file_size_bytes
        self._clock = clock

    def upgraded(self, generation: Generation) -> Self:
        """The API of another generation over the same store."""
        return type(self)(
            generation,
            self._store,
            token=self._token,
            max_file_size_bytes=self._max_file_size_bytes,
            clock=self._clock,
        )

    def answer(self, call: Call) -> Answer:
        """Do what the call asks.

        Raises:
            OSError: the connection was lost while the body was read.
        """
        place = route(call.path)
        try:
            _check_path(call.path, place)
            self._authenticate(call.headers.get("authorization", ""))
            _check_method(call.method, _METHODS[place.kind])
            return self._act(call, place)
        except Refused as refused:
            return refused.answer
        except FieldErrors as refused:
            return json_answer(400, refused.errors)
        except DatabaseError:
            return page(500)

    def _act(self, call: Call, place: Route) -> Answer:
        match place.kind:
            case "resolve":
                return self._resolve(call)
            case "status":
                return self._status(place.subject)
            case "upload":
                return self._upload(call, place)
            case _:
                return json_answer(200, {"status": "ok"})

    def _authenticate(self, header: str) -> None:
        words = header.split()
        if not words or words[0].lower() != "token":
            detail = "Authentication credentials were not provided."
        elif len(words) == 1:
            detail = "Invalid token header. No credentials provided."
        elif len(words) > 2:  # noqa: PLR2004 - the word Token, and the token
            detail = "Invalid token header. Token string should not contain spaces."
        elif words[1] != self._token:
            detail = "Invalid token."
        else:
            return
        raise Refused(json_answer(401, {"detail": detail}, WWW_Authenticate="Token"))

    def _resolve(self, call: Call) -> Answer:
        asked = check_resolve(read_json(call), demographics=self._generation.demographics)
        with self._store.lock:
            if self._generation.reactivation is not None:
                return self._resolve_or_create(asked)
            session = self._eligible(asked)
            self._compare(asked, session.subject)
            told: dict[str, Any] = {
                "subject_identifier": session.subject,
                self._generation.session_key: session.id,
            }
            if self._generation.resolve_lists_files:
                told["uploaded"] = session.uploaded()
            else:
                told["reactivated"] = bool(session.records)
            return json_answer(200, told)

    def _eligible(self, asked: Subject) -> Session:
        """The newest session that still takes files."""
        sessions = self._store.sessions(asked.identifier)
        for session in sessions:
            if not session.contraindicated and session.missing(self._generation):
                return session
        if not sessions:
            raise self._refusal(404, "no_session", "The subject has no session. Make one first.")
        sentence = "Every session is complete or contraindicated."
        raise self._refusal(400, "no_eligible_session", sentence)

    def _refusal(self, status: int, code: str, sentence: str) -> Refused:
        # The generations that compare demographics answer with a list of sentences.
        key, value = (
            ("errors", [sentence]) if self._generation.demographics else ("error", sentence)
        )
        return Refused(json_answer(status, {"code": code, key: value}))

    def _compare(self, asked: Subject, subject: str) -> None:
        """Compare the camera's word with the register's, where the generation does."""
        who = self._store.subject(subject)
        if not self._generation.demographics or who is None:
            return
        errors = []
        if who.initials and who.initials.upper() != asked.initials.upper():
            errors.append(f"Initials differ: {who.initials!r} here, {asked.initials!r} there.")
        if who.sex and who.sex.upper() != asked.sex:
            errors.append(f"Sex differs: {who.sex!r} here, {asked.sex!r} there.")
        if asked.age is not None and abs(who.age - asked.age) > 1:
            errors.append(f"Age differs: {who.age} here, {asked.age} there.")
        if errors:
            raise Refused(json_answer(400, {"code": "validation_mismatch", "errors": errors}))

    def _resolve_or_create(self, asked: Subject) -> Answer:
        """0.1: back to a young session that is not complete, else a new one."""
        if self._store.subject(asked.identifier) is None:
            raise self._refusal(400, "subject_not_found", "No such subject.")
        self._compare(asked, asked.identifier)
        now = self._clock()
        session = self._store.newest_within(asked.identifier, self._generation.reactivation, now)
        reactivated = session is not None and bool(session.missing(self._generation))
        if session is None or not reactivated:
            session = self._store.open_session(asked.identifier, "combined", now)
        told = {
            "subject_identifier": session.subject,
            self._generation.session_key: session.id,
            "reactivated": reactivated,
        }
        return json_answer(200 if reactivated else 201, told)

    def _status(self, subject: str) -> Answer:
        with self._store.lock:
            session = self._store.newest(subject)
            if session is None:
                refuse(404, "no_session", "The subject has no session.")
            missing = session.missing(self._generation)
            told = {
                self._generation.session_key: session.id,
                "subject_identifier": session.subject,
                self._generation.opened_key: session.opened_at.isoformat(),
                "uploaded": sorted(set(session.uploaded())),
                "missing": missing,
                "complete": not missing,
            }
            return json_answer(200, told)

    def _upload(self, call: Call, place: Route) -> Answer:
        if place.file_type not in self._generation.file_types:
            refuse(400, "invalid_file_type", f"There is no file type {place.file_type!r}.")
        form = read_form(call, self._store.spool_dir)
        try:
            capture = check_upload(form)
            self._check_file(capture.upload, place.file_type)
            with self._store.lock:
                return self._store_file(call, place, capture)
        finally:
            form.close()

    def _check_file(self, upload: Upload, file_type: str) -> None:
        if upload.size_bytes > self._max_file_size_bytes:
            limit_mb = self._max_file_size_bytes / (1024 * 1024)
            sentence = f"{upload.size_bytes} bytes are more than {limit_mb:.0f} MB."
            refuse(400, "file_too_large", sentence)
        if not _looks_like(file_type, upload.head, html=self._generation.html_reports):
            refuse(400, "invalid_content", f"The file does not look like a {file_type!r}.")

    def _store_file(self, call: Call, place: Route, capture: Capture) -> Answer:
        session = self._session_of(call, place.subject)
        upload = capture.upload
        if self._generation.repeat is Repeat.ANSWER:
            for record in session.records:
                if record.name == upload.name:
                    if record.checksum == upload.sha256:
                        return self._stored(200, session, record)
                    refuse(409, "filename_conflict", "Another file of that name is stored.")
        try:
            stored = self._store.put(session, place.file_type, capture)
        except OSError:
            refuse(500, "storage_error", "The file could not be written. Try again.")
        if stored is None:
            sentence = f"Announced was SHA-256 {capture.checksum}, received {upload.sha256}."
            refuse(400, "checksum_mismatch", sentence)
        return self._stored(201, session, stored)

    def _session_of(self, call: Call, subject: str) -> Session:
        """The session that the query names, else the newest; only the generation's own key counts."""
        if named := call.query.get(self._generation.session_key):
            try:
                session = self._store.session(subject, str(UUID(named)))
            except ValueError:
                # Django's own complaint about the id reaches no view: its error page answers.
                raise Refused(page(500)) from None
        else:
            window = self._generation.upload_window
            session = self._store.newest_within(subject, window, self._clock())
        if session is None:
            refuse(404, "no_session", "There is no such session for this subject.")
        return session

    def _stored(self, status: int, session: Session, record: FileRecord) -> Answer:
        told = {
            "id": record.id,
            self._generation.session_key: session.id,
            "file_type": record.file_type,
            "original_filename": record.name,
            "stored_filename": record.stored_filename,
            "checksum": record.checksum,
        }
        return json_answer(status, told)


def _check_path(path: str, place: Route) -> None:
    """Refuse a path that is none: as Django, with a hint at the slash that it lacks."""
    if place.kind:
        return
    if route(path + "/").kind:
        location = {"Location": path + "/"}
        raise Refused(Answer(301, b"", "text/html; charset=utf-8", location))
    raise Refused(page(404))


def _check_method(method: str, allowed: str) -> None:
    if method != allowed and (method, allowed) != ("HEAD", "GET"):
        detail = f'Method "{method}" not allowed.'
        allow = "GET, HEAD, OPTIONS" if allowed == "GET" else "POST, OPTIONS"
        raise Refused(json_answer(405, {"detail": detail}, Allow=allow))


def _looks_like(file_type: str, head: bytes, *, html: bool) -> bool:
    """Whether a file begins as one of its type does."""
    if file_type.endswith("_dicom"):
        return head[_DICOM_MARK_AT : _DICOM_MARK_AT + 4] == b"DICM"
    if not file_type.endswith("report"):
        return head.startswith((b"\xff\xd8\xff", b"\x89PNG"))
    if not html:
        return head.startswith(b"%PDF")
    text = head.lstrip(b"\xef\xbb\xbf \t\n\r")
    return text.startswith(b"%PDF") or text.lower().startswith(_HTML_STARTS)
