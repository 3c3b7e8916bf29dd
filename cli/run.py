"""One run of a command that meets Azure: what is given, the connection, the settled inputs, and the look."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cli import deploy_ps1
from cli.console import busy, make_console, say, show_pairs
from cli.ending import Declined
from cli.given import collect
from cli.name_cache import NameCache
from cli.options import Options
from cli.resolve import PromptPolicy, Resolved, remember, resolve, resolve_subscription
from cli.same_deployment import refuse_other_names, refuse_other_storage, refuse_other_subscription
from cli.screen import Screen
from cli.sources import BY_NAME, unknown_variables
from cloud.azure_clouds import DATA_PLANE, Cloud, find_cloud, manager
from cloud.data_actions import WRITE_MODELS, WRITE_ROUTES
from cloud.errors import explain
from cloud.identifiers import DATA_OWNER
from cloud.sign_in_advice import az_login
from engine.context import Reads, Removal
from engine.input import ASKED, FROM_STATE, flag_of, text_of
from engine.record import PriorRuns
from engine.refusal import BadInput, Refusal
from state.document import Belonging, StateDocument
from state.proposals import Proposals
from steps import STEPS

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.signin import SignedIn
    from cloud.traffic import Traffic
    from engine.outcome import StepLook
    from engine.step import Ask
    from engine.walk import Walk
    from steps.step_03_role.inputs import DesiredRoles
    from steps.step_08_routes.inputs import DesiredRoutes
    from steps.step_10_models.inputs import DesiredModels

T = TypeVar("T")


class Run:
    """One run of a command. Holding the state file's lock is the caller's business.

    Making one reads state, settings file and environment: BadInput or StateRefused for what can't be used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.console = make_console(stderr=options.json or options.talks_on_stderr)
        self.screen = Screen(self.console, ())
        self.warnings: list[str] = []
        self._reads = Reads()
        self._asked = False
        self._answered: dict[str, Any] = {}
        self.document = options.state.read()
        self.prior = self.document.prior_runs() if self.document else PriorRuns()
        self._given = collect(options, self.document, self.console)
        for warning in unknown_variables(os.environ):
            self.warn(warning)
        if self.document:
            refuse_other_names(self.document, self._given, self._manager(), options.state.place)

    async def connect(self) -> Azure:
        """Return the clients. The tokens that are going to be needed are being asked for, all at once."""
        from cloud.network import network
        from cloud.signin import AZ_SECONDS, SharedCredential

        network()  # a proxy or a bundle that can't be used is told before anything is asked
        if known := self.document and self.document.belongs_to.endpoints:  # from its metadata, when it was first met
            cloud = Cloud(**known)
        else:
            cloud = await _explained(find_cloud(self._manager(), self._notice), "find the cloud's endpoints")
        refuse_other_storage(self.options.state.place, cloud)
        if self.options.local:  # a trial's links would lead to the real one
            cloud = replace(cloud, portal="")
        az_seconds = int(text_of(self._given, "az_timeout") or AZ_SECONDS)
        credential = SharedCredential(cloud, text_of(self._given, "tenant"), self._notice, az_seconds=az_seconds)
        credential.ask_early(cloud.arm_scope, *(() if flag_of(self._given, "no_app") else (cloud.graph_scope,)))
        if self.prior.values.get("host_name") and self._given.keys() & {"route", "models"}:
            credential.ask_early(f"{DATA_PLANE}/.default")
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
            what = f"The traffic can't be written to {file}: {error.strerror}."
            raise BadInput(what, "Name another file.") from error

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
        proposals = Proposals(self.options.state.beside if questions and self.options.keeps_answers else None)
        policy = PromptPolicy(questions, self.options.yes, self.options.suggested_subscription, proposals)
        show_pairs(self.console, {"Signed in as": f"{who.name}, by {who.by}", "Tenant": who.tenant}, indent=0)
        subscription = await _explained(resolve_subscription(azure, self._given, policy, who), "read the subscriptions")
        show_pairs(self.console, {"Subscription": f"{subscription.name} ({subscription.id})"}, width=12, indent=0)
        self.console.print()
        if self.document:
            known, file = azure.cloud.resource_manager, self.options.state.place
            refuse_other_subscription(self.document, known, who.tenant, subscription.id, file)
        azure.subscription = subscription.id
        folder = str(self.options.state.beside.parent.resolve())
        names = NameCache(self.document, follows=not self.options.remembered_only)
        resolving = resolve(azure, self._given, policy, who, names, folder, self._reads)
        resolved = await _explained(resolving, "look up the inputs")
        if questions and questions.asked:
            self.console.print()
        asked = {name: value.value for name, value in resolved.given.items() if value.source == ASKED}
        if "subscription" not in self._given and policy.asks:
            asked["subscription"] = subscription.id
        self._asked = bool(asked)
        self._answered.update(asked)
        self._warn_of_role(resolved, who)
        return resolved

    def _warn_of_role(self, resolved: Resolved, who: SignedIn) -> None:
        """Say so when the signed-in identity is to write to the instance, and gets no role that allows it."""
        if self.options.remembered_only:
            return
        desired, roles = resolved.desired, cast("DesiredRoles", resolved.desired["role"])
        for wanted, what, action in (
            (cast("DesiredRoutes", desired["routes"]).routes, "Event routes are created", WRITE_ROUTES),
            (cast("DesiredModels", desired["models"]).paths, "Models are uploaded", WRITE_MODELS),
        ):
            if wanted and not roles.has(who.object_id, action):
                self.warn(f"{what} as {who.name}, who needs a role that allows it and is given none: {DATA_OWNER}.")
                return

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
            reads=reads or self._reads,
        )

    async def look(self, walk: Walk[Azure], *, writes: bool = True) -> Mapping[str, StepLook]:
        """Look at everything and return what each step planned.

        Where it `writes` afterwards, bad input that a step met ends it, and what a plan asks is asked here, in a
        terminal; Declined for a no to what is required. Unattended, what is needed and not given by a flag is BadInput.
        Otherwise both come with what the steps planned.
        """
        from engine.walk import refuse_bad_input

        with busy(self.console, "Looking at what exists ..."):
            looks = await walk.look()
        while writes:
            refuse_bad_input(looks)
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
                    question = "\n  ".join((ask.question, *ask.about))
                    raise BadInput(question, f"To say yes: {BY_NAME[ask.answer].flag}")
                continue
            from cli.prompts import Terminal

            for line in ask.about:
                say(self.console, line, first="! ", first_style="yellow")
            answers[ask.answer] = self._answered[ask.answer] = await Terminal().agree(ask.question)
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

        self._asked = True
        if not await Terminal().proceed():
            raise Declined
        self.console.print()

    def unattended(self) -> str:
        """Return the command line of the same run without questions; "" where none was asked."""
        return self.options.command_for("deploy", again=True, **self._answered, yes=True) if self._asked else ""

    def begin_writing(self) -> None:
        """From here on, all is confirmed: what follows is told on stdout again, unless that is for JSON."""
        self.console = self.screen.console = make_console(stderr=self.options.json)

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


async def _explained(work: Awaitable[T], doing: str) -> T:
    """Await, with what Azure refuses turned into a Refusal that says what was being done."""
    try:
        return await work
    except Exception as error:
        refusal = explain(error, doing)
        if refusal is None:
            raise
        raise refusal from error
