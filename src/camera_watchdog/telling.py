"""The threads that tell whoever is not looking, as the configuration asks for them."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from camera_watchdog import parts
from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.edc_api.proxy import proxy_for
from camera_watchdog.gate import Gate
from camera_watchdog.herald import Heartbeat, Herald
from camera_watchdog.kept_notices import Notices
from camera_watchdog.message_bodies import webhook_body
from camera_watchdog.messenger import Mail, Web
from camera_watchdog.model import WebhookFormat
from camera_watchdog.standing import Standing

__all__ = ["Serve", "channels_of", "mail_of", "tellers", "web_of"]

Serve = Callable[[threading.Event], None]
"""What a thread does until the event is set."""


def tellers(
    config: Config,
    *,
    notices: Notices,
    standing: Standing,
    unmoved: Callable[[], Mapping[int, datetime]],
    gate: Gate,
    client: EdcClient,
    is_alive: Callable[[], bool],
) -> dict[str, Serve]:
    """What is to run beside the daemon's own threads, by name; nothing where nobody is to be told."""
    web = web_of(config)
    channels = channels_of(config, web)
    heartbeat_url = config.heartbeat_url
    threads: dict[str, Serve] = {}
    if channels:
        herald = Herald(
            channels,
            notices=notices,
            exams=standing.exams,
            obstacles=standing.obstacles,
            unmoved=unmoved,
            gate=gate,
            after=timedelta(seconds=config.notify_after),
            machine=socket.gethostname(),
            device_id=config.device_id,
            clock=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        )
        threads["herald"] = herald.serve
    if channels or heartbeat_url:
        heartbeat = Heartbeat(
            partial(web.get, heartbeat_url) if heartbeat_url else None,
            ping=client.ping,
            gate=gate,
            obstacles=standing.obstacles,
            is_alive=is_alive,
            patience=timedelta(seconds=config.attention_after),
            monotonic=time.monotonic,
        )
        threads["heartbeat"] = heartbeat.serve
    return threads


def channels_of(config: Config, web: Web) -> dict[str, Callable[[Mapping[str, Any]], None]]:
    """What takes a message's body, by name.

    Each raises NotDelivered where it was not taken.
    """
    channels: dict[str, Callable[[Mapping[str, Any]], None]] = {}
    if config.notify_webhook:
        channels["webhook"] = partial(
            _post, web, config.notify_webhook, config.notify_webhook_format
        )
    if mail := mail_of(config):
        channels["e-mail"] = mail.send
    return channels


def _post(web: Web, url: str, form: WebhookFormat, told: Mapping[str, Any]) -> None:
    web.post(url, webhook_body(told, form))


def web_of(config: Config) -> Web:
    """How this machine speaks to web servers other than the EDC."""
    return Web(ca_bundle=config.ca_bundle, proxy_for=partial(_proxy, config.proxy))


def mail_of(config: Config) -> Mail | None:
    """The mail server, where mails are asked for."""
    if not config.notify_email or not config.smtp_host:
        return None
    return Mail(
        host=config.smtp_host,
        port=config.smtp_port,
        security=config.smtp_security,
        sender=config.smtp_from or config.notify_email[0],
        recipients=config.notify_email,
        ca_bundle=config.ca_bundle,
        user=config.smtp_user or "",
        password=parts.smtp_password(config),
    )


def _proxy(configured: str | None, url: str) -> str | None:
    proxy = proxy_for(url, configured)
    return proxy.url if proxy else None
