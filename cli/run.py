"""One run of a command that meets Azure: what is given, the connection, the settled inputs, and the look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

from cli import deploy_ps1
from cli.console import busy, make_console, say, show_pairs
from cli.options import Options
from cli.resolve import NameCache, PromptPolicy, Resolved, remember, resolve, resolve_subscription
from cli.screen import Screen
from cli.sources import BY_NAME, IDENTIFYING, gather, recalled
from cloud.azure_clouds import Cloud, find_cloud, manager
from cloud.errors import explain
from cloud.sign_in_advice import az_login
from engine.context import Reads, Removal
from engine.input import FROM_STATE, Given, flag_of, text_of
from engine.record import PriorRuns
from engine.refusal import BadInput, Refusal
from state.document import Belonging, StateDocument
from steps import STEPS

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from cloud.signin import SignedIn
    from cloud.traffic import Traffic
    from engine.outcome import StepLook
    from engine.step import Ask
    from engine.walk import Walk
    from steps.step_03_role.inputs import DesiredRole
    from steps.step_08_routes.inputs import DesiredRoutes

T = TypeVar("T")


class Declined(Exception):
    """The person declined: nothing was written. The text says why, where it isn't plain from the answer."""


class Run:
    """One run of a command. Holding the state file's lock is the caller's business.

    Making one reads the state file, the settings file and the environment: BadInput or StateRefused for what can't be
    used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.console = make_console(stderr=options.json)
        self.screen = Screen(self.console, ())
        self.warnings: list[str] = []
        self.document = options.state.read()
        self.prior = self.document.prior_runs() if self.document else PriorRuns()
        self._given = self._gather()
        self._refuse_other_names()

    def _gather(self) -> dict[str, Given]:
        options, remembered = self.options, self.document.remembered() if self.document else {}
        if options.remembered_only:
            return {**recalled(remembered), **gather(options.flags, None, {}, IDENTIFYING)}
        imported = deploy_ps1.read(options.import_file) if options.import_file else None
        taken = (imported.inputs, str(options.import_file)) if imported else ({}, "")
        given = gather(options.flags, options.config, remembered, imported=taken)
        for note in imported.notes if imported else ():
            say(self.console, note, first="! ", first_style="yellow")
        return given

    async def connect(self) -> Azure:
        """Return the clients. The tokens that are going to be needed are being asked for, all at once."""
        from cloud.network import network
        from cloud.signin import AZ_SECONDS, SharedCredential

        network()  # a proxy or a bundle that can't be used is told before anything is asked
        known = self.document.belongs_to.endpoints if self.document else None
        if known:  # from its metadata, when it was first met
            cloud = Cloud(**known)
        else:
            cloud = await _explained(find_cloud(self._manager(), self._notice), "find the cloud's endpoints")
        az_seconds = int(text_of(self._given, "az_timeout") or AZ_SECONDS)
        credential = SharedCredential(cloud, text_of(self._given, "tenant"), self._notice, az_seconds=az_seconds)
        no_app = flag_of(self._given, "no_app")
        credential.ask_early(cloud.arm_scope, *(() if no_app else (cloud.graph_scope,)))
        await asyncio.sleep(0)  # off they go, while the clients are loaded
        from cloud.clients import Azure

        return Azure(cloud, credential, self._notice, traffic=self._traffic())

    def _traffic(self) -> Traffic | None:
        """Return where the traffic is recorded, if anywhere. BadInput for a file that can't be written."""
        file = self.options.traffic
        if file is None:
            return None
        from cloud.traffic import Traffic

        try:
            return Traffic(file)
        except OSError as error:
            raise BadInput(
                f"The traffic can't be written to {file}: {error.strerror}.", "Name another file."
            ) from error

    def _manager(self) -> str:
        """Return the Resource Manager's endpoint. The more recent of the two inputs wins."""
        cloud, endpoint = (self._given.get(name) for name in ("cloud", "arm_endpoint"))
        if cloud and endpoint and endpoint.source == FROM_STATE != cloud.source:
            endpoint = None
        return manager(str(cloud.value) if cloud else None, str(endpoint.value) if endpoint else None)

    def _notice(self, what: str) -> None:
        self.screen.notice(what)

    async def resolve(self, azure: Azure) -> Resolved:
        """Sign in, say who that is, and settle all inputs."""
        from cloud.lookups import tenant_id

        who = await _explained(azure.credential.who(), "sign in")
        tenant = text_of(self._given, "tenant") or ""
        if tenant and await _explained(tenant_id(azure, tenant), "read the tenants") != who.tenant.lower():
            raise Refusal(
                f"The sign-in is for tenant {who.tenant}, but you asked for tenant {tenant}.",
                next=f"Sign in to it: {az_login(tenant)}",
                exit_code=2,
            )
        questions = None
        if self.options.may_ask:
            from cli.prompts import Terminal

            questions = Terminal()
        policy = PromptPolicy(questions, self.options.yes, self.options.suggested_subscription)
        show_pairs(self.console, {"Signed in as": f"{who.name}, by {who.by}", "Tenant": who.tenant}, indent=0)
        subscription = await _explained(resolve_subscription(azure, self._given, policy, who), "read the subscriptions")
        show_pairs(self.console, {"Subscription": f"{subscription.name} ({subscription.id})"}, width=12, indent=0)
        self.console.print()
        self._refuse_other_subscription(azure, subscription, who)
        azure.subscription = subscription.id
        folder = str(self.options.state.path.parent.resolve())
        resolving = resolve(azure, self._given, policy, who, NameCache(self.document), folder)
        resolved = await _explained(resolving, "look up the inputs")
        if questions and questions.asked:
            self.console.print()
        self._warn_of_routes(resolved, who)
        return resolved

    def _warn_of_routes(self, resolved: Resolved, who: SignedIn) -> None:
        """Say so when the signed-in identity is to create routes, for which it needs a role that another one gets."""
        routes = cast("DesiredRoutes", resolved.desired["routes"]).routes
        assignee = cast("DesiredRole", resolved.desired["role"]).assignee
        if self.options.remembered_only or not routes:
            return
        if assignee.kind != "Group" and assignee.object_id != who.object_id:
            self.warn(f"Event routes are created as {who.name}, who is not the assignee of the role and needs one too.")

    def warn(self, warning: str) -> None:
        """Show a warning, and keep it for the JSON document."""
        self.warnings.append(warning)
        say(self.console, warning, first="! ", first_style="yellow")

    def walk(
        self, azure: Azure, resolved: Resolved, removal: Removal | None = None, reads: Reads | None = None
    ) -> Walk[Azure]:
        """Return a walk over all steps, shown on the run's screen. With `reads`, what these know isn't asked again."""
        from engine.walk import Walk

        removing = removal is not None
        self.screen = Screen(self.console, STEPS, removing=removing, verbose=self.options.verbose)
        return Walk(
            STEPS,
            azure,
            resolved.target,
            resolved.desired,
            self.prior,
            self.screen,
            explain,
            answers=resolved.answers,
            removal=removal,
            reads=reads,
        )

    async def look(self, walk: Walk[Azure], *, asks: bool = True) -> Mapping[str, StepLook]:
        """Look at everything and return what each step planned.

        What a plan asks is asked here, in a terminal; Declined for a no to what is required. Unattended, what is needed
        and not given by a flag is BadInput. Without `asks` the plans come with their questions.
        """
        with busy(self.console, "Looking at what exists ..."):
            looks = await walk.look()
        while asks:
            questions = [look.plan.ask for look in looks.values() if look.plan and look.plan.ask]
            answers = await self._answers([ask for ask in questions if ask.answer not in walk.answers or ask.required])
            if not answers:
                break
            with busy(self.console, "Looking at what exists ..."):
                looks = await walk.answer(answers)
        self._report_missing_imports(looks)
        self.screen.list_only(step for step in STEPS if not looks[step.key].is_idle(step, removing=walk.removes))
        return looks

    def _report_missing_imports(self, looks: Mapping[str, StepLook]) -> None:
        file = str(self.options.import_file)
        taken = {name: value.value for name, value in self._given.items() if value.source == file}
        changes = {change.key for look in looks.values() if look.plan for change in look.plan.changes}
        for note in deploy_ps1.missing(taken, changes):
            say(self.console, f"{file} {note}", first="! ", first_style="yellow")

    async def _answers(self, asks: list[Ask]) -> dict[str, bool]:
        """Ask, and return the answers; none where nothing may be asked."""
        answers: dict[str, bool] = {}
        for ask in asks:
            if not self.options.may_ask or self.options.yes:
                if ask.required:
                    about = "".join(f"\n  {line}" for line in ask.about)
                    raise BadInput(f"{ask.question}{about}", f"To say yes: {BY_NAME[ask.answer].flag}")
                continue
            from cli.prompts import Terminal

            for line in ask.about:
                say(self.console, line, first="! ", first_style="yellow")
            answers[ask.answer] = await Terminal().agree(ask.question)
            if ask.required and not answers[ask.answer]:
                raise Declined
        return answers

    def finished_within(self, step: str, minutes: int) -> bool:
        """Return whether the step was last finished so recently, by the state file."""
        record = self.document.steps.get(step) if self.document else None
        if record is None or record.finished is None:
            return False
        try:
            return datetime.now(UTC) - datetime.fromisoformat(record.finished) < timedelta(minutes=minutes)
        except ValueError:
            return False

    async def confirm(self) -> None:
        """Ask whether to go on, where that may be asked; Declined when not."""
        if not self.options.may_ask or self.options.yes:
            return
        from cli.prompts import Terminal

        if not await Terminal().proceed():
            raise Declined
        self.console.print()

    def new_document(self, azure: Azure, resolved: Resolved, answers: Mapping[str, bool]) -> StateDocument:
        """Return the state file's document with these inputs in it."""
        target = resolved.target
        belonging = Belonging(
            cloud=azure.cloud.resource_manager, tenant=target.tenant, subscription=target.subscription
        )
        document = self.document or StateDocument(belongs_to=belonging)
        document.belongs_to.endpoints = asdict(azure.cloud)
        remember(document, resolved, answers)
        for step in STEPS:
            document.step(step.key)
        return document

    def _refuse_other_names(self) -> None:
        """One state file is one deployment: other names than its own are refused."""
        if self.document is None:
            return
        cloud = self._manager()
        if cloud.lower() != self.document.belongs_to.cloud.lower():
            raise self._another("cloud", self.document.belongs_to.cloud, cloud)
        for name in ("resource_group", "instance"):
            known, given = self.document.inputs.get(name), self._given.get(name)
            if known and given and str(known).lower() != str(given.value).lower():
                raise self._another(name.replace("_", " "), str(known), str(given.value))

    def _refuse_other_subscription(self, azure: Azure, subscription: Subscription, who: SignedIn) -> None:
        if self.document is None:
            return
        belongs = self.document.belongs_to
        for what, known, named in (
            ("cloud", belongs.cloud, azure.cloud.resource_manager),
            ("tenant", belongs.tenant, who.tenant),
            ("subscription", belongs.subscription, subscription.id),
        ):
            if known.lower() != named.lower():
                raise self._another(what, known, named)

    def _another(self, what: str, known: str, asked: str) -> BadInput:
        return BadInput(
            f"{self.options.state.path} belongs to {what} {known}; you asked for {asked}.",
            "For another deployment name another state file: --state OTHER.state.json",
        )


async def _explained(work: Awaitable[T], doing: str) -> T:
    """Await, with what Azure refuses turned into a Refusal that says what was being done."""
    try:
        return await work
    except Exception as error:
        refusal = explain(error, doing)
        if refusal is None:
            raise
        raise refusal from error
