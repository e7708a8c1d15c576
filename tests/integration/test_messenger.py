"""What goes out by web and mail, and that no address comes back in what went wrong."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.messenger import Mail, NotDelivered, Web
from certificates import certificate_for
from receivers import MailSink, WebSink

SECRET: Final = "tok3n-in-the-path"
TOLD: Final = {
    "event": "trouble",
    "subject": "S1\nBcc: x@y.example",
    "reason_code": "no_session",
    "reason": "Kein Eintrag für S1.",
    "next_step": "Ask.",
    "since": "2026-03-01T12:00:00+00:00",
    "at": "2026-03-01T12:30:00+00:00",
    "machine": "pc7",
    "device_id": "fundus-1",
}


@pytest.fixture
def web() -> Web:
    return Web(ca_bundle=None, proxy_for=lambda _url: None)


@pytest.fixture
def sink() -> Iterator[WebSink]:
    with WebSink() as sink:
        yield sink


@pytest.fixture
def mails() -> Iterator[MailSink]:
    with MailSink() as mails:
        yield mails


def mail(port: int, **changes: Any) -> Mail:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "camera@clinic.example",
        "recipients": ("a@clinic.example", "b@clinic.example"),
    }
    return Mail(**(values | changes))


def test_a_body_is_posted_as_json_and_an_address_called(web: Web, sink: WebSink) -> None:
    web.post(f"{sink.url}/{SECRET}", TOLD)
    web.get(f"{sink.url}/{SECRET}")

    assert sink.posted == [TOLD]
    assert sink.got == [f"/{SECRET}"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_what_is_not_taken_is_not_delivered_and_nothing_is_followed(
    web: Web, sink: WebSink, status: int
) -> None:
    sink.status = status
    with pytest.raises(NotDelivered, match=f"^HTTP {status}$"):
        web.get(f"{sink.url}/{SECRET}")

    assert sink.got == [f"/{SECRET}"]


def test_an_address_that_does_not_answer_is_not_quoted(web: Web) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/{SECRET}", f"http://{SECRET}.invalid/"):
        with pytest.raises(NotDelivered) as failed:
            web.post(url, TOLD)
        assert SECRET not in str(failed.value)
        assert failed.value.__cause__ is None


def test_a_mail_goes_to_everybody_and_has_one_subject(mails: MailSink) -> None:
    mail(mails.port).send(TOLD)

    (sent,) = mails.mails
    assert mails.recipients == ["a@clinic.example", "b@clinic.example"]
    assert sent["Subject"] == "camera-watchdog fundus-1: S1?Bcc: x@y.example needs a person"
    assert sent["Bcc"] is None
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "Kein Eintrag für S1.\nAsk." in sent.get_content().replace("\r\n", "\n")


def test_a_mail_that_was_taken_is_delivered_however_the_server_says_good_bye(
    mails: MailSink,
) -> None:
    mails.good_bye = "421 too busy"

    mail(mails.port).send(TOLD)

    assert len(mails.mails) == 1


def test_a_mail_that_is_refused_is_not_delivered(mails: MailSink) -> None:
    mails.refuses = True
    with pytest.raises(NotDelivered, match="SMTPRecipientsRefused"):
        mail(mails.port).send(TOLD)


def test_a_mail_server_that_offers_no_tls_gets_no_mail_where_it_is_asked_for(
    mails: MailSink,
) -> None:
    with pytest.raises(NotDelivered):
        mail(mails.port, security="starttls").send(TOLD)
    assert mails.mails == []


def test_a_mail_server_that_is_not_there_is_no_crash() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotDelivered, match="ConnectionRefusedError"):
        mail(port).send(TOLD)


# A real handshake, and a sign-in

USER: Final = "camera@clinic.example"
PASSWORD: Final = "mail-canary-7f3e"
TELLING: Final = pytest.mark.parametrize("security", ["starttls", "tls"])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for(tmp_path_factory.mktemp("mail") / "own", "127.0.0.1")


@contextmanager
def secured(certificate: Path, security: str) -> Iterator[MailSink]:
    starttls, account = security == "starttls", (USER, PASSWORD)
    with MailSink(certificate, starttls=starttls, account=account) as mails:
        yield mails


@TELLING
def test_a_mail_goes_over_a_secured_line_after_a_sign_in(certificate: Path, security: str) -> None:
    with secured(certificate, security) as mails:
        sender = mail(
            mails.port, security=security, ca_bundle=certificate, user=USER, password=PASSWORD
        )
        sender.send(TOLD)

    assert [each["To"] for each in mails.mails] == ["a@clinic.example, b@clinic.example"]
    assert [line.split(" ")[0].lower() for line in mails.openly] == (
        ["ehlo", "starttls"] if security == "starttls" else []
    )


@TELLING
def test_an_unknown_certificate_gets_neither_mail_nor_password(
    certificate: Path, security: str
) -> None:
    with secured(certificate, security) as mails:
        sender = mail(mails.port, security=security, user=USER, password=PASSWORD)
        with pytest.raises(NotDelivered, match="SSL"):
            sender.send(TOLD)

    assert mails.mails == []
    assert "AUTH" not in mails.words


@TELLING
def test_a_certificate_of_another_host_gets_neither_mail_nor_password(
    tmp_path: Path, security: str
) -> None:
    other = certificate_for(tmp_path / "other", "mail.example.org")
    with secured(other, security) as mails:
        sender = mail(mails.port, security=security, ca_bundle=other, user=USER, password=PASSWORD)
        with pytest.raises(NotDelivered, match="SSL"):
            sender.send(TOLD)

    assert mails.mails == []
    assert "AUTH" not in mails.words


def test_a_password_is_never_sent_where_tls_is_not_offered() -> None:
    with MailSink(account=(USER, PASSWORD)) as mails:
        sender = mail(mails.port, security="starttls", user=USER, password=PASSWORD)
        with pytest.raises(NotDelivered):
            sender.send(TOLD)

    assert "AUTH" not in mails.words


@TELLING
def test_a_refused_sign_in_is_told_without_what_the_server_quotes(
    certificate: Path, security: str
) -> None:
    with secured(certificate, security) as mails:
        sender = mail(
            mails.port, security=security, ca_bundle=certificate, user=USER, password="wrong-canary"
        )
        with pytest.raises(NotDelivered) as failed:
            sender.send(TOLD)

    assert str(failed.value) == "SMTPAuthenticationError 535"
    assert failed.value.__cause__ is None
    assert "wrong-canary" not in repr(sender)
    assert mails.mails == []


@pytest.mark.parametrize(
    "security, said",
    [("starttls", "over STARTTLS, signed in"), ("tls", "over TLS, signed in")],
)
def test_trying_out_signs_in_and_sends_nothing(certificate: Path, security: str, said: str) -> None:
    with secured(certificate, security) as mails:
        sender = mail(
            mails.port, security=security, ca_bundle=certificate, user=USER, password=PASSWORD
        )
        assert sender.try_out() == said

    assert {"AUTH", "NOOP", "QUIT"} <= {*mails.words}
    assert not {"MAIL", "RCPT", "DATA"} & {*mails.words}


def test_trying_out_a_web_address_calls_its_server_and_not_the_address(
    web: Web, sink: WebSink
) -> None:
    sink.status = 404

    assert web.try_out(f"{sink.url}/{SECRET}?key={SECRET}") == 404

    assert (sink.asked, sink.got, sink.posted) == (["/"], [], [])
