"""The cases of both matrices, and the pool of labs that they run in, several at a time."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from tests.matrix import crash, faults
from tests.matrix.catalogue import LOGIN, Affliction, afflictions
from tests.matrix.crash import Crash
from tests.matrix.everything import CLOSED, EVERYTHING
from tests.matrix.lab import DEPLOY, SETTINGS, Lab, Scenario
from tests.matrix.verdict import Verdict
from tests.support.tool import SUBSCRIPTION

USER = Scenario("user")
SERVICE_PRINCIPAL = Scenario("service principal", sign_in="owner-sp")
"""Signs in at the token endpoint of Entra, where the user signs in at Cloud Shell's."""
UNREGISTERED = Scenario("unregistered", arguments=("--yes", "--subscription", "Contoso Sandbox"))
"""Deploys where the provider has to be registered first; names the subscription by its name."""
NAMED = Scenario(
    "named",
    arguments=(*DEPLOY, "--assignee", "carlos@contoso.onmicrosoft.com", "--role", "Contoso Twins without Models"),
)
"""Assigns a role that is looked up to somebody who is looked up."""
SEVERAL = Scenario(
    "several",
    arguments=("--all", "--yes", "--config", SETTINGS),
    settings=f"""
subscription = "{SUBSCRIPTION}"
resource_group = "factories"
[deployments.north]
[deployments.south]
""",
    states=("north.state.json", "south.state.json"),
)
"""Two deployments of one file, side by side in one group."""
CRASHED = (USER, EVERYTHING, CLOSED, SEVERAL)
"""The scenarios of the crash matrix."""
OTHERS = (
    (SERVICE_PRINCIPAL, LOGIN),
    (UNREGISTERED, r"^/subscriptions$|providers/Microsoft\.DigitalTwins(/register)?$"),
    (NAMED, r"/users|/roleDefinitions"),
)
"""The scenarios beside the user's, each with the paths that only it, or that it differently, asks for."""

Case = tuple[Scenario, Crash | Affliction]


class Pool:
    """`jobs` labs for each scenario, made when they are first needed. A context manager."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._folder, self._jobs = folder, jobs
        self._labs: dict[str, SimpleQueue[Lab]] = {
            scenario.name: SimpleQueue() for scenario in (*CRASHED, *(scenario for scenario, _ in OTHERS))
        }
        self._stack = contextlib.ExitStack()
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextlib.contextmanager
    def lab(self, scenario: Scenario) -> Iterator[Lab]:
        """Lend a lab that nobody else uses meanwhile."""
        labs = self._labs[scenario.name]
        try:
            lab = labs.get_nowait()
        except Exception:  # noqa: BLE001 - queue.Empty: all are lent
            self._made += 1
            lab = self._stack.enter_context(Lab(self._folder / f"{self._made}", scenario))
        yield lab
        labs.put(lab)

    def run(self, cases: Iterable[Case]) -> Iterator[list[Verdict]]:
        """Run the cases, `jobs` at a time, and yield what each came to, as they end."""
        with ThreadPoolExecutor(self._jobs) as threads:
            try:
                for done in as_completed([threads.submit(self._run, case) for case in cases]):
                    yield done.result()
            finally:  # when it is interrupted, what has begun is ended, and the rest is left out
                threads.shutdown(cancel_futures=True)

    def _run(self, case: Case) -> list[Verdict]:
        scenario, hit = case
        with self.lab(scenario) as lab:
            found = crash.inflict(lab, hit) if isinstance(hit, Crash) else [faults.inflict(lab, hit)]
        for verdict in found:
            verdict.case = {**verdict.case, "scenario": scenario.name}
        return found


def of(matrix: str, pool: Pool, rng: random.Random, *, twice: int) -> list[Case]:
    """Return every case of the matrix `crash` or `fault`, with `twice` runs that are killed twice."""
    found: list[Case] = []
    if matrix == "crash":
        for scenario in CRASHED:
            with pool.lab(scenario) as lab:
                found += [(scenario, one) for one in crash.crashes(lab)]
                found += [(scenario, one) for one in crash.double_crashes(lab, twice, rng)]
        return found
    with pool.lab(USER) as lab:
        found = [(USER, one) for one in afflictions(lab.undisturbed.requests)]
    for scenario, only in OTHERS:
        with pool.lab(scenario) as lab:
            found += [(scenario, one) for one in afflictions(lab.undisturbed.requests, only=only)]
    return found


def described(case: Case) -> dict[str, Any]:
    """Return what tells a case from every other."""
    scenario, hit = case
    return {"scenario": scenario.name, **hit.json()}


def is_among(case: Case, verdicts: Iterable[Verdict]) -> bool:
    """Whether one of the verdicts is of this case."""
    parts = described(case).items()
    return any(parts <= verdict.case.items() for verdict in verdicts)
