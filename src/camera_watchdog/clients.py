"""The daemon's connections to the EDC: one for each thread, all with the token as it is now."""

from camera_watchdog import parts
from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient

__all__ = ["Clients"]


class Clients:
    """Makes them, and ends them all; safe from any thread."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.token = parts.token(config)
        self._made: list[EdcClient] = []

    def new(self) -> EdcClient:
        """One more, for one thread."""
        client = parts.edc_client(self._config, self.token)
        self._made.append(client)
        return client

    def abort(self) -> None:
        """Give up the requests in flight."""
        for client in list(self._made):
            client.abort()

    def close(self) -> None:
        """Close them, once nobody uses one any more."""
        for client in self._made:
            client.close()
