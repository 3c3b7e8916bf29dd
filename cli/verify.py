"""`verify`: what was chosen against the live cloud, and probes of its own. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from azure.core.exceptions import HttpResponseError

from cli import documents
from cli.called import command
from cli.console import show_checks, show_refusal
from cli.run import Run
from cloud.endpoints import audience
from cloud.errors import SEVERITY, Refusal, explain

if TYPE_CHECKING:
    from cloud.clients import Azure
    from steps.model import Change, Step
    from steps.walk import Look
    from steps.wanted import Wanted


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, how it is, and what there is to say. `drift` and `failed` need somebody."""

    title: str
    result: Literal["ok", "drift", "failed", "note", "skipped"]
    detail: str = ""
    error: Refusal | None = None


async def verify(run: Run) -> int:
    """Check every step and probe the instance, and return the exit code: 1 when something differs or doesn't answer."""
    from steps import STEPS

    async with await run.connect() as azure:
        if host := run.memory().values.get("host_name"):
            azure.credential.ask_early(f"{audience(host)}/.default")
        wanted, _subscription = await run.settle(azure)
        known = run.memory().values
        try:
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(run.look(azure, wanted, STEPS, asks=False))
                if not known.get("host_name"):  # otherwise the probes need not wait for what the steps find
                    found = [look.plan.values for look in (await looking)[1].values() if look.plan]
                    known = {name: value for values in found for name, value in values.items()}
                probing = group.create_task(_probes(run, azure, wanted, known, looking))
        except ExceptionGroup as broken:  # bad input, found by a step
            raise broken.exceptions[0] from None
    looks, probed = looking.result()[1], probing.result()
    checks = [*(check for step in STEPS for check in _of_step(step, looks[step.key])), *probed]
    code = max((_code(check) for check in checks), key=SEVERITY.index, default=0)
    if run.options.json:
        documents.emit(documents.verify_document(checks, code))
        return code
    show_checks(run.console, [(check.title, check.result, check.detail) for check in checks])
    run.console.print()
    for check in checks:
        if check.error:
            show_refusal(run.console, check.error)
            run.console.print()
    drift = sum(check.result == "drift" for check in checks)
    if drift:
        what = "Something differs" if drift == 1 else f"{drift} things differ"
        run.console.print(f"{what} from what was chosen. To set it right: {command(['deploy'])}", soft_wrap=True)
    elif not code:
        run.console.print("Everything is as it was chosen")
    return code


def _code(check: Check) -> int:
    if check.error:
        return check.error.exit_code
    return 1 if check.result in ("drift", "failed") else 0


def _of_step(step: Step, look: Look) -> list[Check]:
    title = f"{step.number} {step.title}"
    if look.plan is None:
        return [Check(title, "failed", look.error.what if look.error else "", look.error)]
    plan = look.plan
    if plan.skipped and not plan.changes:
        return [] if step.optional else [Check(title, "skipped", plan.reason)]
    checks = [_of_change(title, change) for change in plan.changes]
    if plan.needs_you:
        checks.append(Check(title, "note", plan.reason))
    elif not checks:
        checks.append(Check(title, "ok", plan.reason))
    return checks + [Check(title, "note", note) for note in plan.notes]


_WORDS = {
    **dict.fromkeys(("create", "register", "assign", "add", "restore", "let", "consent"), "missing"),
    **dict.fromkeys(("delete", "remove", "take"), "left over"),
}
"""What is said of a change, by the verb of its title."""


def _of_change(title: str, change: Change) -> Check:
    verb = change.title.partition(" ")[0]
    if verb == "wait":  # somebody is at it; nothing differs yet
        return Check(title, "note", change.title)
    return Check(title, "drift", f"{_WORDS.get(verb, 'differs')}: {change.title}")


async def _probes(
    run: Run, azure: Azure, wanted: Wanted, values: Mapping[str, str], looking: asyncio.Task[Any]
) -> list[Check]:
    """Ask the instance, as who is signed in and, where there is a secret of ours, as the application."""
    from cloud.probes import app_token, read_models, user_token

    host, client_id = values.get("host_name", ""), values.get("client_id", "")
    if not host:
        return [Check("Data plane", "failed", "there is no instance to ask")]
    who = await azure.credential.who()

    async def is_new(step: str) -> bool:
        plan = (await looking)[1][step].plan
        new = bool(plan and not plan.changes) and run.finished_within(step, minutes=6)
        if new:
            run.screen.notice("waiting for a new role, which can take up to five minutes to work")
        return new

    async def is_mine_and_new() -> bool:
        mine = wanted.assignee.kind == "Group" or wanted.assignee.object_id == who.object_id
        return mine and await is_new("role")

    async def as_user() -> str:
        await read_models(azure, host, await user_token(azure, host), is_mine_and_new)
        return f"{host} answers {who.name}"

    async def as_app(secret: str) -> str:
        token = await app_token(azure, host, wanted.tenant, client_id, secret)
        if not (wanted.app and wanted.app.role):
            return "signs in with its secret; it has no role on the instance to try"
        await read_models(azure, host, token, lambda: is_new("app_role"))
        return f"{host} answers the application"

    probing = [_checked("Data plane, signed in", as_user())]
    secret = secret_in(wanted.app.secret.file) if wanted.app and wanted.app.secret else ""
    if secret and client_id:
        probing.append(_checked("Data plane, as the app", as_app(secret)))
    return list(await asyncio.gather(*probing))


async def _checked(title: str, probing: Awaitable[str]) -> Check:
    try:
        return Check(title, "ok", await probing)
    except Exception as error:
        refusal = explain(error, "ask the instance")
        if refusal is None:
            raise
        if isinstance(error, HttpResponseError) and error.status_code == 403:
            refusal.why = refusal.why if refusal.code != "403" else "There is no role on the instance that allows it."
            refusal.next = "A new role can take up to five minutes to work; run verify again then."
        return Check(title, "failed", refusal.why or refusal.what)


def secret_in(file: str) -> str:
    """Return the client secret that a run has written to `file`; "" when there is none."""
    try:
        return "" if file == "-" else Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
