"""The two commands that meet Azure: `deploy` and `plan`."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cli import documents
from cli.console import Screen, make_console, show_needs_you, show_plan, show_refusal, show_values, text
from cli.inputs import BadInput, Value, gather
from cli.settle import Manner, remember, settle, settle_subscription
from cloud.errors import SEVERITY, Refusal, explain
from cloud.names import is_guid
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
        self._given = gather(options.flags, options.config, self._document.inputs if self._document else {})
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
                await self._confirm()
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
        cloud = await _explained(find_cloud(str(endpoint.value) if endpoint else None), "find the cloud's endpoints")
        tenant, no_app = self._given.get("tenant"), self._given.get("no_app")
        if not (no_app and no_app.value):
            warm_up_graph()
        return Azure(cloud, SharedCredential(cloud, str(tenant.value) if tenant else None))

    async def _settle(self, azure: Azure) -> tuple[Wanted, Subscription]:
        who = await _explained(azure.credential.who(), "sign in")
        tenant = str(self._given["tenant"].value) if "tenant" in self._given else ""
        if is_guid(tenant) and tenant.lower() != who.tenant.lower():
            raise Refusal(
                f"The sign-in is for tenant {who.tenant}, not for the wanted tenant {tenant}.",
                next=f"Sign in to it: az login --tenant {tenant}",
            )
        questions = None
        if self.options.may_ask:
            from cli.prompts import Terminal

            questions = Terminal()
        manner = Manner(questions, self.options.yes, self.options.suggested_subscription)
        self.console.print(text(f"Signed in as {who.name}, by {who.by}, in tenant {who.tenant}"))
        subscription = await _explained(settle_subscription(azure, self._given, manner, who), "read the subscriptions")
        self.console.print(text(f"Subscription {subscription.name} ({subscription.id})\n"))
        self._refuse_other_subscription(azure, subscription, who)
        azure.subscription = subscription.id
        resolved = self._document.resolved if self._document else {}
        wanted = await _explained(settle(azure, self._given, manner, who, subscription, resolved), "look up the inputs")
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
        self.console.print()
        if not self.options.may_ask or self.options.yes:
            return
        from cli.prompts import Terminal

        if not await Terminal().proceed():
            raise Declined

    def _new_document(self, azure: Azure, wanted: Wanted, subscription: Subscription) -> StateDocument:
        from steps import STEPS

        inputs, resolved = remember(wanted, self._given)
        belonging = Belonging(cloud=azure.cloud.resource_manager, tenant=wanted.tenant, subscription=subscription.id)
        document = self._document or StateDocument(belongs_to=belonging)
        document.inputs = {**document.inputs, **inputs}
        document.resolved = resolved
        for step in STEPS:
            document.step(step.key)
        return document

    def _report(self, results: Mapping[str, Result], document: StateDocument, code: int) -> None:
        from steps import STEPS

        console = self.console
        console.print()
        for step in STEPS:
            error = results[step.key].error
            if error:
                show_refusal(console, error, f"Step {step.number}, {step.title.lower()}: ")
        if code:
            console.print(text(f"Deployment not complete. The log is {self.options.state.log_path}", "bold"))
            return
        console.print(text("Deployment completed successfully", "bold green"))
        outputs = document.outputs()
        show_values(console, outputs)
        console.print()
        for step in STEPS:
            plan = results[step.key].plan
            if plan and plan.needs_you:
                show_needs_you(console, step, plan.needs_you)
        host = outputs.get("host_name", "")
        console.print(text(f"Next: see it at {EXPLORER}/?tid={outputs['tenant_id']}&eid={host}"))
        if results["role"].plan and results["role"].plan.changes:
            console.print(text("A new role can take up to five minutes to work on the instance's own API."))

    def _refuse_other_names(self) -> None:
        """One state file is one deployment: other names than its own are refused."""
        if self._document is None:
            return
        for name in ("resource_group", "instance"):
            known, given = self._document.inputs.get(name), self._given.get(name)
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
