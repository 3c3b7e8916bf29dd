"""One run of a command that meets Azure: what is given, the connection, the settled wishes, and the look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cli import imported as imports
from cli.console import Screen, make_console, say, show_pairs
from cli.gather import FROM_STATE, gather, recalled
from cli.inputs import BY_NAME, NAMES, BadInput
from cli.settle import Known, Manner, remember, settle, settle_subscription
from cli.wishes import refuse_two_ways
from cloud.endpoints import Cloud, find_cloud, manager
from cloud.errors import Refusal, explain
from state.document import Belonging, StateDocument
from state.file_store import StateFile

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from cloud.signin import SignedIn
    from steps.model import Ask, Step
    from steps.walk import Look, Memory, Walk
    from steps.wanted import Wanted

T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """How a command was called."""

    flags: Mapping[str, Any]
    """The inputs as click gives them."""
    config: Path | None
    state: StateFile
    yes: bool
    may_ask: bool
    """There is a terminal and nobody said --non-interactive."""
    json: bool
    suggested_subscription: str | None = None
    import_file: Path | None = None
    """A config.json of deploy.ps1, whose values come before what the state file remembers."""
    remembered_only: bool = False
    """The inputs are those that the state file remembers; names given beside them are only compared."""
    purge: bool = False
    """In `destroy`: purge the application from the recycle bin."""


class Declined(Exception):
    """The person said no to "Proceed?": nothing was written."""


class Run:
    """One run of a command. Holding the state file's lock is the caller's business.

    Making one reads the state file, the settings file and the environment: BadInput or StateRefused for what can't be
    used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.console = make_console(stderr=options.json)
        self.screen = Screen(self.console, ())
        self._document = options.state.read()
        remembered = self._document.remembered() if self._document else {}
        if options.remembered_only:
            named = gather(options.flags, None, {}, NAMES)
            self._given = {**recalled(remembered), **named}
        else:
            imported = imports.read(options.import_file) if options.import_file else None
            taken = (imported.inputs, str(options.import_file)) if imported else ({}, "")
            self._given = gather(options.flags, options.config, remembered, imported=taken)
            refuse_two_ways(self._given, (FROM_STATE, taken[1]))
            for note in imported.notes if imported else ():
                say(self.console, note, first="! ", first_style="yellow")
        self._known = Known(self._document)
        self.answered: dict[str, bool] = {}
        """What a person has answered to the plans' questions."""
        self._refuse_other_names()

    async def connect(self) -> Azure:
        """Return the clients. The tokens that are going to be needed are being asked for, all at once."""
        from cloud.signin import SharedCredential

        known = self._document.belongs_to.endpoints if self._document else None
        if known:  # from its metadata, when it was first met
            cloud = Cloud(**known)
        else:
            cloud = await _explained(find_cloud(self._manager(), self._notice), "find the cloud's endpoints")
        tenant = self._given.get("tenant")
        credential = SharedCredential(cloud, str(tenant.value) if tenant else None, self._notice)
        no_app = self._given.get("no_app")
        credential.ask_early(cloud.arm_scope, *(() if no_app and no_app.value else (cloud.graph_scope,)))
        await asyncio.sleep(0)  # off they go, while the clients are loaded
        from cloud.clients import Azure

        return Azure(cloud, credential, self._notice)

    def _manager(self) -> str:
        """Return the Resource Manager that is meant; between the two inputs the one that was said last counts."""
        named, endpoint = (self._given.get(name) for name in ("cloud", "arm_endpoint"))
        if named and endpoint and endpoint.source == FROM_STATE != named.source:
            endpoint = None
        return manager(str(named.value) if named else None, str(endpoint.value) if endpoint else None)

    def _notice(self, what: str) -> None:
        self.screen.notice(what)

    async def settle(self, azure: Azure) -> tuple[Wanted, Subscription]:
        """Sign in, say who that is, and settle all inputs."""
        from cloud.lookups import tenant_id

        who = await _explained(azure.credential.who(), "sign in")
        tenant = str(self._given["tenant"].value) if "tenant" in self._given else ""
        if tenant and await _explained(tenant_id(azure, tenant), "read the tenants") != who.tenant.lower():
            raise Refusal(
                f"The sign-in is for tenant {who.tenant}, not for the wanted tenant {tenant}.",
                next=f"Sign in to it: az login --tenant {tenant}",
                exit_code=2,
            )
        questions = None
        if self.options.may_ask:
            from cli.prompts import Terminal

            questions = Terminal()
        manner = Manner(questions, self.options.yes, self.options.suggested_subscription)
        show_pairs(self.console, {"Signed in as": f"{who.name}, by {who.by}", "Tenant": who.tenant}, indent=0)
        subscription = await _explained(settle_subscription(azure, self._given, manner, who), "read the subscriptions")
        show_pairs(self.console, {"Subscription": f"{subscription.name} ({subscription.id})"}, width=12, indent=0)
        self.console.print()
        self._refuse_other_subscription(azure, subscription, who)
        azure.subscription = subscription.id
        memory, key, state = self.memory(), "app_registration", self.options.state.path
        has_app = self.options.remembered_only and bool(memory.made.get(key) or memory.begun.get(key))
        settling = settle(azure, self._given, manner, who, subscription, self._known, state, has_app=has_app)
        wanted = await _explained(settling, "look up the inputs")
        if questions and questions.asked:
            self.console.print()
        if wanted.routes and wanted.assignee.kind != "Group" and wanted.assignee.object_id != who.object_id:
            told = f"Event routes are made as {who.name}, who is not the assignee of the role and needs one too."
            say(self.console, told, first="! ", first_style="yellow")
        return wanted, subscription

    async def look(
        self, azure: Azure, wanted: Wanted, steps: tuple[Step, ...], *, asks: bool = True, removing: bool = False
    ) -> tuple[Walk, Mapping[str, Look]]:
        """Look at everything, and return the walk that can carry it out, and what each step planned.

        What a plan asks is asked here, in a terminal; Declined for a no to what is required. Unattended, what is needed
        and not given by a flag is BadInput. Without `asks` the plans come with their questions.
        """
        from steps.walk import Walk

        self.screen = Screen(self.console, steps)
        while True:
            walk = Walk(steps, azure, wanted, self.memory(), self.screen, removing=removing)
            with self.console.status("Looking at what is there ..."):
                looks = await walk.look()
            open_asks = [look.plan.ask for look in looks.values() if look.plan and look.plan.ask]
            open_asks = [ask for ask in open_asks if ask.answer not in wanted.answers or ask.required]
            if not asks or not await self._answers(open_asks):
                self._say_what_import_misses(looks)
                return walk, looks
            wanted = replace(wanted, answers={**wanted.answers, **self.answered})

    def _say_what_import_misses(self, looks: Mapping[str, Look]) -> None:
        file = str(self.options.import_file)
        taken = {name: one.value for name, one in self._given.items() if one.source == file}
        changes = {change.key for look in looks.values() if look.plan for change in look.plan.changes}
        for note in imports.missing(taken, changes):
            say(self.console, f"{file} {note}", first="! ", first_style="yellow")

    async def _answers(self, asks: list[Ask]) -> bool:
        """Ask, and return whether there are answers."""
        for ask in asks:
            if not self.options.may_ask or self.options.yes:
                if ask.required:
                    about = "".join(f"\n  {line}" for line in ask.about)
                    raise BadInput(f"{ask.question}{about}", f"To say yes: {BY_NAME[ask.answer].flag}")
                continue
            from cli.prompts import Terminal

            for line in ask.about:
                say(self.console, line, first="! ", first_style="yellow")
            self.answered[ask.answer] = await Terminal().agree(ask.question)
            if ask.required and not self.answered[ask.answer]:
                raise Declined
        return any(ask.answer in self.answered for ask in asks)

    @property
    def remembers(self) -> bool:
        """There is a state file."""
        return self._document is not None

    def finished_within(self, step: str, minutes: int) -> bool:
        """Return whether the step was last finished so recently, by the state file."""
        record = self._document.steps.get(step) if self._document else None
        if record is None or record.finished is None:
            return False
        try:
            return datetime.now(UTC) - datetime.fromisoformat(record.finished) < timedelta(minutes=minutes)
        except ValueError:
            return False

    def memory(self) -> Memory:
        """Return what the state file knows of earlier runs."""
        from steps.walk import Memory

        if self._document is None:
            return Memory()
        made = {key: frozenset(record.made) for key, record in self._document.steps.items()}
        doing = {key: record.doing for key, record in self._document.steps.items() if record.doing}
        begun = {key: frozenset(self._document.steps[key].making) for key in doing}
        removed = frozenset(key for key, record in self._document.steps.items() if record.removed)
        return Memory(self._document.produced(), made, doing, begun, removed)

    async def confirm(self) -> None:
        """Ask whether to go on, where that may be asked; Declined when not."""
        if not self.options.may_ask or self.options.yes:
            return
        from cli.prompts import Terminal

        if not await Terminal().proceed():
            raise Declined
        self.console.print()

    def new_document(self, azure: Azure, wanted: Wanted, subscription: Subscription) -> StateDocument:
        """Return the state file's document with these wishes in it."""
        from steps import STEPS

        belonging = Belonging(cloud=azure.cloud.resource_manager, tenant=wanted.tenant, subscription=subscription.id)
        document = self._document or StateDocument(belongs_to=belonging)
        document.belongs_to.endpoints = asdict(azure.cloud)
        remember(document, wanted, self._given, self._known)
        for step in STEPS:
            document.step(step.key)
        return document

    def _refuse_other_names(self) -> None:
        """One state file is one deployment: other names than its own are refused."""
        if self._document is None:
            return
        cloud = self._manager()
        if cloud.lower() != self._document.belongs_to.cloud.lower():
            raise self._another("cloud", self._document.belongs_to.cloud, cloud)
        for name in ("resource_group", "instance"):
            known, given = getattr(self._document.inputs, name), self._given.get(name)
            if known and given and str(known).lower() != str(given.value).lower():
                raise self._another(name.replace("_", " "), str(known), str(given.value))

    def _refuse_other_subscription(self, azure: Azure, subscription: Subscription, who: SignedIn) -> None:
        if self._document is None:
            return
        belongs = self._document.belongs_to
        for what, known, now in (
            ("cloud", belongs.cloud, azure.cloud.resource_manager),
            ("tenant", belongs.tenant, who.tenant),
            ("subscription", belongs.subscription, subscription.id),
        ):
            if known.lower() != now.lower():
                raise self._another(what, known, now)

    def _another(self, what: str, known: str, now: str) -> BadInput:
        return BadInput(
            f"The state file {self.options.state.path} is of the deployment in {what} {known}, not {now}.",
            "For another deployment name another state file: --state OTHER.state.json",
        )


async def _explained(work: Awaitable[T], doing: str) -> T:
    """Await, with what Azure refuses turned into a Refusal that says what was being done."""
    try:
        return await work
    except BadInput:
        raise
    except Exception as error:
        refusal = explain(error, doing)
        if refusal is None:
            raise
        raise refusal from error
