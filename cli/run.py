"""The two commands that meet Azure: `deploy` and `plan`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cli import documents
from cli.called import command, shown
from cli.console import Screen, make_console, say, show_needs_you, show_pairs, show_plan, show_refusal, text
from cli.inputs import BadInput, Value, gather
from cli.main import DEFAULT_STATE
from cli.settle import Manner, remember, settle, settle_subscription
from cloud.endpoints import PUBLIC
from cloud.errors import SEVERITY, Refusal, explain
from state.document import Belonging, StateDocument
from state.file_store import StateFile
from state.recorder import StateRecorder

if TYPE_CHECKING:
    from cloud.clients import Azure
    from cloud.lookups import Subscription
    from cloud.signin import SignedIn
    from steps.model import Wanted
    from steps.walk import Look, Result, Walk

T = TypeVar("T")

EXPLORER = "https://explorer.digitaltwins.azure.net"
NOT_AT_THE_END = ("role_assignment_id", "application_object_id", "service_principal_id")
"""Values that few need: `outputs` has them."""


@dataclass(frozen=True)
class Options:
    """How a command was called."""

    flags: Mapping[str, Value | None]
    config: Path | None
    state: StateFile
    yes: bool
    may_ask: bool
    """There is a terminal and nobody said --non-interactive."""
    json: bool
    suggested_subscription: str | None = None


class Declined(Exception):
    """The person said no to "Proceed?": nothing was written."""


class Run:
    """One run of `deploy` or `plan`. Holding the state file's lock is the caller's business.

    Making one reads the state file, the settings file and the environment: BadInput or StateRefused for what can't be
    used.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.console = make_console(stderr=options.json)
        self.screen = Screen(self.console, ())
        self._document = options.state.read()
        self._given = gather(options.flags, options.config, self._document.remembered() if self._document else {})
        self._refuse_other_names()

    async def plan(self) -> int:
        """Show what `deploy` would do and return the exit code; writes nothing, in Azure or on disk."""
        from steps import STEPS

        async with await self._connect() as azure:
            wanted, _subscription = await self._settle(azure)
            _walk, looks = await self._look(azure, wanted)
        code = max((look.error.exit_code for look in looks.values() if look.error), key=SEVERITY.index, default=0)
        if self.options.json:
            documents.emit(documents.plan_document(STEPS, looks, code))
        else:
            show_plan(self.console, STEPS, looks)
            for look in looks.values():
                if look.error:
                    self.console.print()
                    show_refusal(self.console, look.error)
        return code

    async def deploy(self) -> int:
        """Do what the plan says, recording every write, and return the exit code. Declined when the person says no."""
        from steps import STEPS
        from steps.walk import exit_code

        self.options.state.check_writable()
        async with await self._connect() as azure:
            wanted, subscription = await self._settle(azure)
            walk, looks = await self._look(azure, wanted)
            if any(look.plan and look.plan.changes for look in looks.values()):
                show_plan(self.console, STEPS, looks)
                self.console.print()
                await self._confirm()
            else:
                self._note(looks)
            document = self._new_document(azure, wanted, subscription)
            self.options.state.write(document)
            with self.screen:
                results = await walk.apply(StateRecorder(self.options.state, document))
        code = exit_code(results)
        if self.options.json:
            documents.emit(documents.run_document(STEPS, results, document.outputs(), code))
        self._report(results, document, code)
        return code

    async def _connect(self) -> Azure:
        from cloud.clients import Azure, warm_up_graph
        from cloud.endpoints import find_cloud
        from cloud.signin import SharedCredential

        endpoint = self._given.get("arm_endpoint")
        finding = find_cloud(str(endpoint.value) if endpoint else None, self._notice)
        cloud = await _explained(finding, "find the cloud's endpoints")
        tenant, no_app = self._given.get("tenant"), self._given.get("no_app")
        if not (no_app and no_app.value):
            warm_up_graph()
        credential = SharedCredential(cloud, str(tenant.value) if tenant else None, self._notice)
        return Azure(cloud, credential, self._notice)

    def _notice(self, what: str) -> None:
        self.screen.notice(what)

    async def _settle(self, azure: Azure) -> tuple[Wanted, Subscription]:
        from cloud.lookups import tenant_id

        who = await _explained(azure.credential.who(), "sign in")
        tenant = str(self._given["tenant"].value) if "tenant" in self._given else ""
        if tenant and await _explained(tenant_id(azure, tenant), "read the tenants") != who.tenant.lower():
            raise Refusal(
                f"The sign-in is for tenant {who.tenant}, not for the wanted tenant {tenant}.",
                next=f"Sign in to it: az login --tenant {tenant}",
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
        settling = settle(azure, self._given, manner, who, subscription, self._document)
        wanted = await _explained(settling, "look up the inputs")
        if questions and questions.asked:
            self.console.print()
        return wanted, subscription

    async def _look(self, azure: Azure, wanted: Wanted) -> tuple[Walk, Mapping[str, Look]]:
        from steps import STEPS
        from steps.walk import Walk

        self.screen = Screen(self.console, STEPS)
        remembered = self._document.produced() if self._document else {}
        walk = Walk(STEPS, azure, wanted, remembered, self.screen)
        with self.console.status("Looking at what is there ..."):
            return walk, await walk.look()

    async def _confirm(self) -> None:
        if not self.options.may_ask or self.options.yes:
            return
        from cli.prompts import Terminal

        if not await Terminal().proceed():
            raise Declined
        self.console.print()

    def _note(self, looks: Mapping[str, Look]) -> None:
        """Say what a plan without changes would have said beside them."""
        notes = [note for look in looks.values() if look.plan for note in look.plan.notes]
        for note in notes:
            say(self.console, note, first="! ", first_style="yellow")
        if notes:
            self.console.print()

    def _new_document(self, azure: Azure, wanted: Wanted, subscription: Subscription) -> StateDocument:
        from steps import STEPS

        belonging = Belonging(cloud=azure.cloud.resource_manager, tenant=wanted.tenant, subscription=subscription.id)
        document = self._document or StateDocument(belongs_to=belonging)
        remember(document, wanted, self._given)
        for step in STEPS:
            document.step(step.key)
        return document

    def _report(self, results: Mapping[str, Result], document: StateDocument, code: int) -> None:
        from steps import STEPS

        console, state = self.console, self.options.state
        console.print()
        for step in STEPS:
            error = results[step.key].error
            if error:
                show_refusal(console, error, f"Step {step.number}, {step.title.lower()}: ")
                console.print()
        if code:
            say(console, f"The log is {shown(state.log_path)}", first="Deployment not complete. ", first_style="bold")
            return
        console.print(text("Deployment completed successfully", "bold green"))
        outputs = document.outputs()
        values = {name: value for name, value in outputs.items() if name not in NOT_AT_THE_END}
        values["instance_id"] = values.pop("instance_id")  # the longest one last
        show_pairs(console, values)
        again = ["outputs", *(["--state", shown(state.path)] if shown(state.path) != DEFAULT_STATE else [])]
        console.print(text(f"  All of them, at any time: {command(again)}", "dim"))
        console.print()
        for step in STEPS:
            plan = results[step.key].plan
            if plan and plan.needs_you:
                show_needs_you(console, step, plan.needs_you)
                console.print()
        link = f"{EXPLORER}/?tid={outputs['tenant_id']}&eid={outputs['host_name']}"
        show_pairs(console, {"Next": f"see the instance at {link}"}, indent=0)
        if results["role"].plan and results["role"].plan.changes:
            console.print(text("      (a new role can take up to five minutes to work there)"))

    def _refuse_other_names(self) -> None:
        """One state file is one deployment: other names than its own are refused."""
        if self._document is None:
            return
        endpoint = self._given.get("arm_endpoint")
        cloud = str(endpoint.value).rstrip("/") if endpoint else PUBLIC.resource_manager
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
