"""Every EDC that the client must work with: the demo's server and the published releases."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from edc_contract import Contract, DemoDesk, Desk, RealDesk, edcs
from real_edc import RealEdcServer


@pytest.fixture(scope="session")
def _demo_desk(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[Contract], Desk]]:
    desks: dict[str, Desk] = {}
    with ExitStack() as stack:

        def desk_of(contract: Contract) -> Desk:
            if contract.generation not in desks:
                storage = tmp_path_factory.mktemp(f"demo-{contract.generation}")
                demo = stack.enter_context(DemoEdc(contract.generation, storage=storage))
                desk = stack.enter_context(closing(DemoDesk(contract, demo, storage)))
                desks[contract.generation] = desk
            return desks[contract.generation]

        yield desk_of


@pytest.fixture(scope="session")
def _real_desk(real_edc: Callable[..., RealEdcServer]) -> Iterator[Callable[[Contract], Desk]]:
    desks: dict[str, Desk] = {}
    with ExitStack() as stack:

        def desk_of(contract: Contract) -> Desk:
            server = real_edc(contract.release)
            if contract.release not in desks:
                desk = stack.enter_context(closing(RealDesk(contract, server)))
                desks[contract.release] = desk
            return desks[contract.release]

        yield desk_of


@pytest.fixture(params=edcs())
def edc(request: pytest.FixtureRequest) -> Desk:
    """``demo-0.4``, ``real-0.4.0`` and so on; one server for all tests: use subjects of your own."""
    kind, contract = request.param
    # Asked for by name, so that the demo's tests need no real server.
    desk_of: Callable[[Contract], Desk] = request.getfixturevalue(f"_{kind}_desk")
    return desk_of(contract)
