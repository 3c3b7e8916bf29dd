"""One run of a command that meets Azure: what is given, the connection, the settled inputs, and the look."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from cli import deploy_ps1, github_actions, json_output
from cli.confirmation import confirmed
from cli.connection import both, explained, open_traffic
from cli.console import busy, make_console, say, show_pairs, text
from cli.ending import Declined
from cli.given import collect
from cli.name_cache import NameCache
from cli.options import Options
from cli.resolve import PromptPolicy, Resolved, remember, resolve, resolve_subscription, role_warning
from cli.same_deployment import refuse_other_names, refuse_other_storage, refuse_other_subscription
from cli.screen import Screen
from cli.sharing import recorded_sharers, with_sharers
from cli.sources import BY_NAME, unknown_variables
from cloud.azure_clouds import DATA_PLANE, Cloud, find_cloud, manager
from cloud.errors import explain
from cloud.identifiers import is_guid
from cloud.sign_in_advice import az_login
from engine.context import Reads, Removal
from engine.input import ASKED, FROM_STATE, flag_of, text_of
from engine.record import PriorRuns
from engine.refusal import BadInput, Refusal
from state.document import Belonging, StateDocument
from state.proposals import Proposals
from steps import STEPS

if TYPE_CHECKING:
    from rich.console import Console

    from cloud.clients import Azure
    from cloud.signin import SignedIn
    from engine.outcome import StepLook
    from engine.step import Ask
    from engine.walk import Walk


class Run:
    """One run of a command. Holding the state file's lock is the caller's business.

    Making one reads state, settings file and environment: BadInput or StateRefused for what can't be used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.console = self._make_console()
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

    def _make_console(self) -> Console:
        return make_console(stderr=self.options.json or self.options.talks_on_stderr)

    async def connect(self) -> Azure:
        """Return the clients. The tokens that are going to be needed are being asked for, all at once."""
        from cloud.network import network

        network()  # a proxy or a bundle that can't be used is told before anything is asked
        return await self._sign_in(await self._cloud())

    async def _cloud(self) -> Cloud:
        """Return the cloud that the inputs name, by what the state file remembers of it or else by its metadata."""
        if known := self.document and self.document.belongs_to.endpoints:  # from its metadata, when it was first met
            cloud = Cloud(**known)
        else:
            cloud = await explained(find_cloud(self._manager(), self._notice), "find the cloud's endpoints")
        refuse_other_storage(self.options.state.place, cloud)
        if self.options.local:  # a trial's links would lead to the real one
            cloud = replace(cloud, portal="")
        return cloud

    async def _sign_in(self, cloud: Cloud) -> Azure:
        """Return the clients in this cloud."""
        from cloud.signin import AZ_SECONDS, SharedCredential

        az_seconds = int(text_of(self._given, "az_timeout") or AZ_SECONDS)
        credential = SharedCredential(cloud, text_of(self._given, "tenant"), self._notice, az_seconds=az_seconds)
        credential.ask_early(cloud.arm_scope, *(() if flag_of(self._given, "no_app") else (cloud.graph_scope,)))
        if self.prior.values.get("host_name") and self._given.keys() & {"route", "models"}:
            credential.ask_early(f"{DATA_PLANE}/.default")
        await asyncio.sleep(0)  # off they go, while the clients are loaded
        from cloud.clients import Azure

        return Azure(cloud, credential, self._notice, traffic=open_traffic(self.options.traffic))

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

        who = await explained(azure.credential.who(), "sign in")
        tenant = text_of(self._given, "tenant") or ""
        if tenant and await explained(azure.once(tenant_id, tenant), "read the tenants") != who.tenant.lower():
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
        policy = PromptPolicy(
            questions, self.options.yes, self.options.suggested_subscription, proposals, self.options.deployment
        )
        show_pairs(self.console, {"Signed in as": f"{who.name}, by {who.by}", "Tenant": who.tenant}, indent=0)
        choosing, settling = self._choose_subscription(azure, policy, who), self._settle(azure, policy, who)
        named = text_of(self._given, "subscription") or ""
        if is_guid(named) and not policy.asks:  # nothing has to be chosen first
            azure.subscription = named.lower()
            subscription, resolved = await both(choosing, settling)
        else:
            subscription, resolved = await choosing, await settling
        if questions and questions.asked:
            self.console.print()
        asked = {name: value.value for name, value in resolved.given.items() if value.source == ASKED}
        if "subscription" not in self._given and policy.asks:
            asked["subscription"] = subscription
        self._asked = bool(asked)
        self._answered.update(asked)
        if not self.options.remembered_only and (warning := role_warning(resolved, who)):
            self.warn(warning)
        return await self._with_sharers(resolved)

    async def _choose_subscription(self, azure: Azure, policy: PromptPolicy, who: SignedIn) -> str:
        """Return the id of the subscription to work in, shown and held against the state file's."""
        chosen = await explained(resolve_subscription(azure, self._given, policy, who), "read the subscriptions")
        show_pairs(self.console, {"Subscription": f"{chosen.name} ({chosen.id})"}, width=12, indent=0)
        self.console.print()
        if self.document:
            known, file = azure.cloud.resource_manager, self.options.state.place
            refuse_other_subscription(self.document, known, who.tenant, chosen.id, file)
        azure.subscription = chosen.id
        return chosen.id

    async def _settle(self, azure: Azure, policy: PromptPolicy, who: SignedIn) -> Resolved:
        folder = str(self.options.state.beside.parent.resolve())
        names = NameCache(self.document, follows=not self.options.remembered_only)
        resolving = resolve(azure, self._given, policy, who, names, folder, self._reads)
        return await explained(resolving, "look up the inputs")

    async def _with_sharers(self, resolved: Resolved) -> Resolved:
        """Return the inputs with what other deployments of the settings file in the same group mean for it."""
        if not self.options.deployment:
            return resolved
        config, but, local = self.options.config, [self.options.deployment], self.options.local
        others = await asyncio.to_thread(recorded_sharers, config, but, local=local)
        return with_sharers(resolved, others, removing=self.options.remembered_only)

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
        self.screen = self._make_screen(removing=removing)
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

    def _make_screen(self, *, removing: bool) -> Screen:
        return Screen(self.console, STEPS, removing=removing, verbose=self.options.verbose)

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

    async def confirm(self, removes: str = "") -> None:
        """Ask whether to go on, where that may be asked; Declined when not.

        To remove the instance that `removes` names, its name has to be typed; BadInput where that can't be asked for.
        """
        self._asked |= self.options.may_ask and not (self.options.yes or removes)
        await confirmed(self.options, self.console, removes)

    def report(self, document: Mapping[str, Any]) -> None:
        """Tell how the command ended: GitHub Actions, and as JSON on stdout where that is asked for."""
        github_actions.report(document)
        if self.options.json:
            json_output.emit(document)

    def unattended(self) -> str:
        """Return the command line of the same run without questions; "" where none was asked."""
        return self.options.command_for("deploy", again=True, **self._answered, yes=True) if self._asked else ""

    def suggest_deploy(self) -> None:
        """Say how to do what is planned."""
        self.console.print(text(f"To do this: {self.options.command_for('deploy')}", "dim"), soft_wrap=True)

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
