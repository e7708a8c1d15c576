"""Every key of the configuration, as data: name, kind, default, and its flag's help.

The reader, the flags and the messages are all made from this one table.
"""

from dataclasses import dataclass
from typing import Final

from camera_watchdog.config.required import REQUIRED
from camera_watchdog.config.urls import API_URL, PROXY, WEB_URL
from camera_watchdog.config.values import (
    EMAIL,
    EMAILS,
    EYE_VALUES,
    IGNORED,
    PASSWORD,
    PATH,
    SWITCH,
    TOKEN,
    ZONE,
    Kind,
    Shape,
    choice,
    choices,
    number,
    pattern,
    text,
)
from camera_watchdog.model import ImageRows, ReportType, WebhookFormat
from camera_watchdog.stored_times import TimeForm

__all__ = ["EYE_BETWEEN_EDGES", "KEYS", "PASSWORD_VARIABLE", "TOKEN_VARIABLE", "Key"]

TOKEN_VARIABLE: Final = "CAMERA_WATCHDOG_TOKEN"  # noqa: S105  # the variable's name, not a token
PASSWORD_VARIABLE: Final = "CAMERA_WATCHDOG_SMTP_PASSWORD"  # noqa: S105  # likewise
LONGEST_TIME_S: Final = 30 * 24 * 3600  # Windows cannot wait longer than 49 days


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    ``default`` is written as the file would have it; none where there is none, and then the file
    may say ``null`` or leave the text empty. A ``secret`` is never quoted in a message.
    """

    name: str
    kind: Kind
    default: object
    help: str
    default_in_words: str = ""
    secret: bool = False

    @property
    def flag(self) -> str:
        """Its flag on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def placeholder(self) -> str:
        """What stands for its value in the help."""
        if self.kind.options:
            return "|".join(self.kind.options)
        return {PATH: "PATH", WEB_URL: "URL", API_URL: "URL", PROXY: "URL", REQUIRED: "TABLE"}.get(
            self.kind, "NUMBER" if self.kind.shape is Shape.NUMBER else "TEXT"
        )

    @property
    def help_text(self) -> str:
        """Its help with its default."""
        default = self.default_in_words or (
            ", ".join(self.default) if isinstance(self.default, list) else str(self.default or "")
        )
        return f"{self.help} (default: {default})" if default else self.help


EYE_BETWEEN_EDGES: Final = r"(?<![^\W_])(?P<eye>OD|OS)(?![^\W_])"
"""OD and OS, but not those of TODD and JOSE: no letter and no digit before or behind them."""

_NAME: Final = text()
_ABOVE_ZERO_S: Final = number(0, LONGEST_TIME_S, above=True, unit="seconds")
_SECONDS: Final = number(0, LONGEST_TIME_S, unit="seconds")
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

KEYS: Final = (
    Key("watch_dir", PATH, None, "folder in which the camera writes one folder per subject"),
    Key("db_path", PATH, None, "the camera's SQLite database, only ever read"),
    Key("api_url", API_URL, None, "address of the EDC server"),
    Key(
        "token",
        TOKEN,
        None,
        f"the camera's token for the EDC; better in {TOKEN_VARIABLE} or token_file, where others "
        "on this machine cannot see it",
        secret=True,
    ),
    Key("token_file", PATH, None, "file that holds the token and nothing else", secret=True),
    Key("device_id", text(longest=100, empty=True), "", "the camera's name in the EDC"),
    Key("site_id", text(longest=50, empty=True), "", "the site's number in the EDC"),
    Key(
        "report_type",
        choice([kind.value for kind in ReportType], ReportType),
        "combined",
        "one report for both eyes, or one for each",
    ),
    Key(
        "required",
        REQUIRED,
        None,
        "what an exam needs before it is sent: combined, per_eye, or a table",
        "as report_type says",
    ),
    Key("log_level", choice(_LEVELS), "INFO", "how much is logged"),
    Key("log_file", PATH, None, "file to log to as well; it rotates"),
    Key("log_format", choice(("text", "json")), "text", "lines for people, or an object a line"),
    Key("db_patient_table", _NAME, "patients", "table of the patients"),
    Key("db_patient_subject_id", _NAME, "subject_identifier", "its column of the subject"),
    Key("db_patient_initials", _NAME, "initials", "its column of the initials"),
    Key("db_patient_sex", _NAME, "sex", "its column of the sex"),
    Key("db_patient_age", _NAME, "age", "its column of the age in years"),
    Key("db_image_table", _NAME, "images", "table of the images"),
    Key("db_image_subject_id", _NAME, "subject_identifier", "its column of the subject"),
    Key("db_image_filename", _NAME, "filename", "its column of the file's name"),
    Key("db_image_eye", _NAME, "eye", "its column of the eye"),
    Key("db_image_captured_at", _NAME, None, "its column of the capture time, if there is one"),
    Key(
        "db_image_captured_at_form",
        choice(["auto", *TimeForm], lambda form: None if form == "auto" else TimeForm(form)),
        "auto",
        "how its times are written; auto: in the one form that fits the files' own times",
    ),
    Key(
        "db_image_rows",
        choice([rows.value for rows in ImageRows], ImageRows),
        "per_picture",
        "what a row tells the eye of: one picture, or whatever has that name at any visit",
    ),
    Key(
        "db_eye_values",
        EYE_VALUES,
        {},
        "the camera's own values for the eyes, beside OD, OS, R, L, RE, LE, right and left",
        "none beside those",
    ),
    Key(
        "eye_sources",
        choices(("database", "filename", "dicom")),
        ["database"],
        "where the eye is read from; all that answer must agree",
    ),
    Key(
        "eye_objections",
        choices(("filename", "dicom"), empty=True),
        ["filename", "dicom"],
        "what may object to the eye though it is not asked: OD, OS, LEFT or RIGHT in the file's "
        "name, DICOM's own tags",
    ),
    Key(
        "filename_eye_pattern",
        pattern("eye"),
        EYE_BETWEEN_EDGES,
        "regular expression that finds the eye in a file's name",
    ),
    Key(
        "dicom_patient_id",
        choice(("exact", "contains", "off")),
        "exact",
        "how DICOM's PatientID must fit the subject",
    ),
    Key(
        "subject_folder_pattern",
        pattern("subject_identifier"),
        "(?P<subject_identifier>.+)",
        "regular expression that a subject's folder matches as a whole",
    ),
    Key(
        "ignore",
        IGNORED,
        [],
        "patterns of names that are no part of any exam, beside those that systems give by themselves",
        "none beside those",
    ),
    Key(
        "archive_dir",
        PATH,
        None,
        "folder for what is done, on the same volume",
        "processed in watch_dir",
    ),
    Key(
        "state_dir",
        PATH,
        None,
        "folder for the journal and the status page, on a local disk",
        ".camera-watchdog in watch_dir",
    ),
    Key(
        "allow_sparse_files",
        SWITCH,
        default=False,
        help="send files of which a part was never written, as copying with holes makes them",
    ),
    Key("sweep_interval", _ABOVE_ZERO_S, 60, "seconds between two looks at everything"),
    Key("stable_time", _SECONDS, 2, "seconds that a file stays unchanged before it is read"),
    Key("settle_time", _SECONDS, 3, "seconds that a folder stays quiet before it is sent"),
    Key("stability_timeout", _ABOVE_ZERO_S, 30, "seconds until a cut-off file is reported"),
    Key("incomplete_after", _ABOVE_ZERO_S, 1800, "seconds until an incomplete exam is reported"),
    Key("visit_gap", _ABOVE_ZERO_S, 7200, "seconds between pictures that make two visits of them"),
    Key(
        "visit_days",
        number(0, 3650, whole=True, unit="days"),
        3,
        "how many days pictures and the EDC's entry may be apart",
    ),
    Key("retry_attempts", number(1, 100, whole=True), 3, "tries within a step"),
    Key("retry_delay", _ABOVE_ZERO_S, 5, "seconds between them"),
    Key("retry_max_delay", _ABOVE_ZERO_S, 60, "longest pause in seconds between later tries"),
    Key("request_timeout", _ABOVE_ZERO_S, 60, "seconds of silence until a request is given up"),
    Key(
        "max_file_size_mb",
        number(0, 100_000, unit="megabytes"),
        10,
        "the EDC's limit for a file; 0 asks the EDC",
    ),
    Key(
        "confirm_after",
        _SECONDS,
        86400,
        "seconds after the archive at which the EDC is asked once more; 0: never",
    ),
    Key("workers", number(1, 64, whole=True), 4, "exams that are sent at the same time"),
    Key("timezone", ZONE, "", "IANA name of the camera's time zone", "the machine's"),
    Key("ca_bundle", PATH, None, "file of certificates to trust", "the operating system's"),
    Key("proxy", PROXY, None, "address of the proxy", "the operating system's", secret=True),
    Key(
        "allow_insecure_http",
        SWITCH,
        default=False,
        help="allow an EDC without TLS: the token is sent openly",
    ),
    Key("notify_webhook", WEB_URL, None, "address told when a person is needed", secret=True),
    Key(
        "notify_webhook_format",
        choice([each.value for each in WebhookFormat], WebhookFormat),
        "json",
        "what is sent there: json (ours), or what this chat service takes",
    ),
    Key("notify_email", EMAILS, [], "e-mail addresses told when a person is needed"),
    Key("smtp_host", _NAME, None, "mail server that takes the e-mails"),
    Key(
        "smtp_port",
        number(1, 65_535, whole=True),
        None,
        "its port",
        "587, 465 with tls, 25 with none",
    ),
    Key(
        "smtp_security",
        choice(("starttls", "tls", "none")),
        "starttls",
        "how the line to it is secured",
    ),
    Key("smtp_from", EMAIL, None, "sender of the e-mails", "the first of notify_email"),
    Key("smtp_user", _NAME, None, "name to sign in to it with, where it asks for one"),
    Key(
        "smtp_password",
        PASSWORD,
        None,
        f"the password of smtp_user; better in {PASSWORD_VARIABLE} or smtp_password_file",
        secret=True,
    ),
    Key(
        "smtp_password_file",
        PATH,
        None,
        "file that holds that password and nothing else",
        secret=True,
    ),
    Key(
        "attention_after",
        _SECONDS,
        1800,
        "seconds after which whatever has not moved is a person's matter",
    ),
    Key("notify_after", _SECONDS, 1800, "seconds that a trouble lasts before it is told"),
    Key("heartbeat_url", WEB_URL, None, "address called while all is well", secret=True),
)
"""In the order of the documentation."""
