"""Hooks and fixtures. In-process tests take `database`; tests against running processes take `web_server` and friends.

A test that takes one of `LIVE` runs on the shared, living database of its group and is not emptied unless it asks with
`clean_database`. No worker or scheduler runs beside it that it did not take. Every other test finds the database empty, and no
process of the product running.
"""

import contextlib
import importlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.async_api import Browser, Page, Playwright, async_playwright, expect
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from omni_app.settings import load_settings
from tests.harness.cleaning import Cleaner
from tests.harness.contexts import Contexts
from tests.harness.network import close_network
from tests.harness.processes import Processes
from tests.harness.services import RUN_VARIABLE, ServerRun, Services, open_services, start_model_build
from tests.harness.simulator import sandbox, sandbox_client, sandbox_process  # noqa: F401

LIVE = {"web_server", "worker_process", "scheduler_process", "demo"}
# What changes rows behind a test's back.
BUSY = {"worker_process": "worker", "scheduler_process": "scheduler"}
# Of several --disable-features the last one counts, so Playwright's own come first, again. Each window would load two pages for
# suggestions in its address bar, which nobody sees: a third of what a test costs.
FEATURES_OFF = (
    *(
        "AvoidUnnecessaryBeforeUnloadCheckSync",
        "DestroyProfileOnBrowserClose",
        "HttpsUpgrades",
        "HttpsFirstBalancedModeAutoEnable",
    ),
    *("LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
)
CHROMIUM_FLAGS = [
    f"--disable-features={','.join(FEATURES_OFF)}",
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
PAGE_PATIENCE_MS = 60_000
# Folders below tests/ whose tests stay on one worker: they share one slow thing.
TOGETHER = ("tests/run/",)

OpenPage = Callable[..., Awaitable[Page]]

_servers = pytest.StashKey[ServerRun]()
_services = pytest.StashKey[Services]()
_is_dirty = pytest.StashKey[bool]()
_demo = pytest.StashKey[dict[str, Any]]()

pytest_plugins = ["tests.harness.again", "tests.harness.properties"]


def group_of(nodeid: str) -> str:
    """What is kept together on one worker: the whole folder for `TOGETHER`, else the file."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if path.startswith(folder)), path)


class GroupScheduling(LoadScopeScheduling):
    """xdist's `loadgroup` hands its groups on inside the test ids, which pytest 9.2 no longer lets it change (xdist #1386)."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        # Keep our order: xdist would start the groups with most tests first, and ours are long with few.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """The controller (or the only process) starts the servers; every process that runs tests then takes its own database."""
    if config.option.collectonly or config.option.help:
        return
    if RUN_VARIABLE not in os.environ:
        model = start_model_build()
        run = config.stash[_servers] = ServerRun()
        run.start()
        if model.wait() != 0:
            pytest.exit("the embedding model could not be built: see above", returncode=1)
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is None and getattr(config.option, "numprocesses", None):
        return  # The controller of several workers runs no test itself.
    config.stash[_services] = open_services(worker or "main")
    close_network()


def pytest_unconfigure(config: pytest.Config) -> None:
    if (run := config.stash.get(_servers, None)) is not None:
        run.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Each worker begins with another part of the test files, and finds those of the others compiled when it comes to them.

    All workers collect all tests; writing asserts anew is half of that work, and all in step would do all of it.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    files = sorted(Path("tests").rglob("test_*.py"))
    first = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in files[first:] + files[:first]:
        # What is wrong with a file is said when it is collected.
        with contextlib.suppress(Exception):
            importlib.import_module(".".join(path.with_suffix("").parts))


def is_living(item: pytest.Item) -> bool:
    return bool(LIVE & set(getattr(item, "fixturenames", ())))


def busy_with(item: pytest.Item) -> set[str]:
    """The processes that do jobs of their own accord which this test takes."""
    return {name for fixture, name in BUSY.items() if fixture in getattr(item, "fixturenames", ())}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that both workers end together; then living tests, so that processes start and stop once."""
    living = {group_of(item.nodeid) for item in items if is_living(item)}
    for item in items:
        if is_living(item):
            item.add_marker(pytest.mark.e2e)

    def rank(item: pytest.Item) -> tuple[bool, bool, str, bool, int]:
        group = group_of(item.nodeid)
        return (group not in TOGETHER, group not in living, group, not is_living(item), -len(busy_with(item)))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return GroupScheduling(config, log)


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Services:
    """This worker's servers, addresses, home and environment."""
    return request.config.stash[_services]


@pytest.fixture(scope="session")
def cleaner(services: Services) -> Iterator[Cleaner]:
    made = Cleaner(services)
    yield made
    made.close()


@pytest.fixture(scope="session")
def processes(services: Services) -> Iterator[Processes]:
    made = Processes(services)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Before a test, what it did not take ends; before an in-process one, what living ones wrote goes. After: forget settings."""
    if is_living(request.node):
        request.getfixturevalue("processes").stop(keep={"web", *busy_with(request.node)})
        request.config.stash[_is_dirty] = True
    elif request.config.stash.get(_is_dirty, False):
        request.getfixturevalue("processes").stop()
        request.getfixturevalue("cleaner").empty()
        request.config.stash[_is_dirty] = False
    yield
    if "monkeypatch" in request.fixturenames:
        # The environment is as it was only now: what read the settings since the test forgot them saw the test's own.
        load_settings.cache_clear()


@pytest.fixture(scope="session")
async def engines(services: Services) -> AsyncIterator[None]:
    """The engines and the Redis client of this process, closed at the end of the session."""
    from omni_app.infra.database import close_engines, open_engines
    from omni_app.infra.redis import close_redis

    open_engines()
    yield
    await close_engines()
    await close_redis()


@pytest.fixture
def clean_database(cleaner: Cleaner) -> Iterator[None]:
    """Nothing in the database and in Redis, before and after the test."""
    cleaner.empty()
    yield
    cleaner.empty()


@pytest.fixture
async def database(request: pytest.FixtureRequest, engines: None, cleaner: Cleaner) -> AsyncIterator[None]:
    """`open_db(scope)` and `system_db(purpose)` work. Rows and keys are gone after the test (living tests: only on request)."""
    from omni_app.infra.background import finish_tasks

    yield
    await finish_tasks(20.0)
    if not is_living(request.node):
        cleaner.empty()


@pytest.fixture
def superuser(services: Services, cleaner: Cleaner, request: pytest.FixtureRequest) -> Iterator[Callable[[], psycopg.Connection]]:
    """`superuser()` opens a synchronous connection no policy binds, in autocommit mode; closed after the test."""
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        opened.append(services.superuser())
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
    if not is_living(request.node):
        cleaner.empty()


@pytest.fixture
def web_server(processes: Processes, services: Services) -> str:
    """The running web process on this worker's database, from the prebuilt pages; its address without a final slash."""
    processes.ensure("web")
    return services.base_url


@pytest.fixture
def worker_process(processes: Processes) -> Processes:
    """A running job worker."""
    processes.ensure("worker")
    return processes


@pytest.fixture
def scheduler_process(processes: Processes) -> Processes:
    """A running scheduler."""
    processes.ensure("scheduler")
    return processes


@pytest.fixture
def demo(processes: Processes, services: Services, cleaner: Cleaner, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The content of demo.json. Seeded unless it is there, into an emptied database: beside other businesses none is made."""
    if "clean_database" in request.fixturenames:
        request.getfixturevalue("clean_database")
    made = request.config.stash.get(_demo, None)
    if made is None or not _is_there(services, made):
        cleaner.empty()
        made = request.config.stash[_demo] = processes.prepare()
    return made


def _is_there(services: Services, demo: dict[str, Any]) -> bool:
    with services.superuser() as connection:
        found = connection.execute("select 1 from businesses where widget_key = %s", (demo["widget_key"],)).fetchone()
    return found is not None


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """Headless Chromium for the whole session; it can reach this machine only."""
    from tools.browser import find_browser

    path = find_browser()
    if path is None:
        raise RuntimeError("no Chromium: run `python -m tools.browser`, or set OMNI_CHROMIUM")
    expect.set_options(timeout=PAGE_PATIENCE_MS)
    started = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
    yield started
    await started.close()


@pytest.fixture(scope="session")
async def contexts(browser: Browser) -> AsyncIterator[Contexts]:
    """The browser's contexts, used by one test after the other."""
    made = Contexts(browser, PAGE_PATIENCE_MS)
    yield made
    await made.close()


@pytest.fixture
async def open_page(contexts: Contexts) -> AsyncIterator[OpenPage]:
    """`await open_page(**options)` opens a page in a context (cookies, storage) of its own; options as `Browser.new_context`.

    Waits a minute at most for anything. After the test all are emptied, and an error no script caught fails it.
    """
    taken = []
    errors: list[str] = []

    async def open_one(**options: Any) -> Page:
        context = await contexts.take(**options)
        taken.append(context)
        page = await contexts.page_of(context)
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        return page

    yield open_one
    for context in taken:
        await contexts.give_back(context)
    if errors:
        pytest.fail("errors on the page:\n" + "\n".join(errors))


@pytest.fixture
async def page(open_page: OpenPage, request: pytest.FixtureRequest) -> Page:
    """One page; relative addresses are the web server's when the test takes it."""
    options = {"base_url": request.getfixturevalue("web_server")} if "web_server" in request.fixturenames else {}
    return await open_page(**options)
