"""`verify`: what was chosen against the live cloud, and probes of its own. Writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from azure.core.exceptions import ServiceRequestError, ServiceResponseError

from cli import json_output
from cli.check import Check
from cli.console import say, show_error, text
from cli.plan_view import difference_words, show_rows
from cli.run import Run
from cli.signs import SYMBOLS, by_number, named, short_ids, sign_of
from cli.state_files import no_deployment
from cloud.azure_clouds import DATA_PLANE
from cloud.data_actions import READ_MODELS
from cloud.data_plane import Way, closed, lacks_role, may_be_the_role, private_ways, way_to
from cloud.errors import explain
from engine.change import AnyChange
from engine.refusal import Unchangeable, worst_of_look
from steps import STEPS

if TYPE_CHECKING:
    from cli.resolve import Resolved
    from cloud.clients import Azure
    from engine.outcome import StepLook
    from engine.step import AnyStep
    from steps.step_02_instance.inputs import DesiredInstance
    from steps.step_03_role.inputs import DesiredRoles
    from steps.step_04_app_registration.desired import DesiredApplication
    from steps.step_09_app_role.inputs import DesiredAppRole


NEW_ROLE = "A new role can take up to five minutes to work; run verify again then."
NO_INSTANCE = Check("Data plane", "skipped", "there is no instance to ask")


async def verify(run: Run) -> int:
    """Check every step and probe the instance, and return the exit code.

    5 when something differs, and everything could be looked at and answered; otherwise what that failed with, 2 before
    1.
    Refusal (exit 2) where nothing was deployed: what never was can't differ.
    """
    if run.document is None or run.document.removed_at:
        raise no_deployment(run.options.state.place, run.document, local=run.options.local, called=run.options.called)
    async with await run.connect() as azure:
        if run.prior.values.get("host_name"):
            azure.credential.ask_early(f"{DATA_PLANE}/.default")
        resolved = await run.resolve(azure)
        known = run.prior.values
        walk = run.walk(azure, resolved)
        try:
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(run.look(walk, writes=False))
                if not known.get("host_name"):  # otherwise the probes need not wait for what the steps find
                    found = [look.plan.values for look in (await looking).values() if look.plan]
                    known = {name: value for values in found for name, value in values.items()}
                probing = group.create_task(_probes(run, azure, resolved, known, looking))
        except ExceptionGroup as broken:
            raise broken.exceptions[0] from None
    looks, probed = looking.result(), probing.result()
    planned = looks["instance"].plan
    if planned and any(change.key == "create-instance" for change in planned.changes):  # whatever its old host answered
        probed = [NO_INSTANCE]
    checks = [*(check for step in by_number(STEPS) for check in _of_step(step, looks[step.key])), *probed]
    code = worst_of_look(check.exit_code for check in checks)
    document = {**json_output.verify_document(checks, code), "warnings": run.warnings}
    run.report(document)
    if run.options.json:
        return code
    _show(run, checks)
    run.console.print()
    for check in checks:
        if check.error:
            show_error(check.error, verbose=run.options.verbose)
    drift = [check for check in checks if check.result == "drift"]
    if drift:
        what = "1 difference" if len(drift) == 1 else f"{len(drift)} differences"
        to_fix = "" if any(check.error for check in drift) else f" To fix this: {run.options.command_for('deploy')}"
        run.console.print(text(f"{what}.{to_fix}"), soft_wrap=True)
    elif not code:
        seen = all(check.result not in ("note", "skipped") or check.step for check in checks)
        end = "Azure matches your settings" if seen else "the instance was not asked"
        run.console.print(text(f"No drift: {end}", "bold"))
    return code


def _show(run: Run, checks: Sequence[Check]) -> None:
    """Print the checks; without -v, steps of which there is nothing to say share a line, and ids are shortened."""
    verbose = run.options.verbose
    as_chosen = {check.step for check in checks if check.step and check.result == "ok"}
    as_chosen -= {check.step for check in checks if check.result != "ok"}
    shown = [check for check in checks if verbose or check.step not in as_chosen]
    rows = [(check.title, check.result, check.detail if verbose else short_ids(check.detail)) for check in shown]
    show_rows(run.console, rows, [_sign(check) for check in shown])
    if as_chosen and not verbose:
        steps = by_number(step for step in STEPS if step.key in as_chosen)
        say(run.console, f"no change: {named(steps)}", first="✓ ", first_style="green")


def _sign(check: Check) -> tuple[str, str]:
    return sign_of(check.change) if check.change and check.result == "drift" else SYMBOLS[check.result]


def _of_step(step: AnyStep, look: StepLook) -> list[Check]:
    title, key = step.label, step.key
    if look.plan is None:
        result: Literal["drift", "failed"] = "drift" if isinstance(look.error, Unchangeable) else "failed"
        return [Check(title, result, look.error.what if look.error else "", look.error, key)]
    plan = look.plan
    if plan.skipped and not plan.changes:
        return [] if step.optional else [Check(title, "skipped", plan.reason, step=key)]
    checks = [_of_change(title, key, change) for change in plan.changes]
    if plan.needs_you:
        checks.append(Check(title, "note", plan.reason, step=key))
    elif not checks:
        checks.append(Check(title, "ok", plan.reason, step=key))
    return checks + [Check(title, "note", note, step=key) for note in plan.notes]


def _of_change(title: str, step: str, change: AnyChange) -> Check:
    drift = change.drift
    if not drift.differs:
        return Check(title, "note", change.title, step=step, change=change)
    differences = change.differences
    what = "; ".join(map(difference_words, differences)) if differences else f"{drift.value}: {change.title}"
    return Check(title, "drift", what, step=step, change=change)


async def _probes(
    run: Run,
    azure: Azure,
    resolved: Resolved,
    values: Mapping[str, str],
    looking: asyncio.Task[Mapping[str, StepLook]],
) -> list[Check]:
    """Ask the instance, as the signed-in user and, where there is a secret of ours, as the application."""
    from cloud.probes import AS_THE_APP, app_token, read_models, user_token

    host, client_id = values.get("host_name", ""), values.get("client_id", "")
    desired = cast("DesiredInstance", resolved.desired["instance"])
    instance, open_again = resolved.target.instance_id, desired.public_network_access == "Enabled"

    if not host:
        return [NO_INSTANCE]
    who, roles = await azure.credential.who(), cast("DesiredRoles", resolved.desired["role"])

    async def is_new(step: str) -> bool:
        plan = (await looking)[step].plan
        recent = run.document is not None and run.document.finished_within(step, minutes=6)
        new = recent and bool(plan and not plan.changes)
        new = new and await way_to(azure, instance) in (Way.OPEN, Way.PRIVATE)
        if new:
            run.screen.notice("waiting for a new role, which can take up to five minutes to work")
        return new

    async def is_own_and_new() -> bool:
        return roles.has(who.object_id) and await is_new("role")

    async def as_user() -> str:
        await read_models(azure, host, await user_token(azure), is_own_and_new)
        return f"{host} answers {who.name}"

    async def as_app(secret: str) -> str:
        token = await app_token(azure, resolved.target.tenant, client_id, secret)
        if not cast("DesiredAppRole", resolved.desired["app_role"]).role:
            return "signs in with its secret; it has no role on the instance to try"
        await read_models(azure, host, token, lambda: is_new("app_role"), query=AS_THE_APP)
        return f"{host} answers the application"

    async def checked(title: str, probing: Awaitable[str], without_role: str = NEW_ROLE, *, own: bool = False) -> Check:
        try:
            return Check(title, "ok", await probing)
        except Exception as error:
            refusal = explain(error, "ask the instance")
            if refusal is None:
                raise
            is_unreached = isinstance(error, ServiceRequestError | ServiceResponseError)
            way = await way_to(azure, instance) if is_unreached or lacks_role(error) else Way.OPEN
            if way in (Way.NONE, Way.UNKNOWN) or (is_unreached and way is Way.PRIVATE):
                may_be_role = own and way is Way.UNKNOWN and not is_unreached
                shut = closed(
                    "ask the instance", await may_be_the_role(azure, instance, READ_MODELS) if may_be_role else ""
                )
                unreached = refusal.what if is_unreached else ""  # such as a name that can't be resolved
                shut.why = "\n".join(filter(None, (shut.why, await private_ways(azure, instance), unreached)))
                if not open_again:  # nothing differs, and it can't be asked from here
                    return Check(title, "note", f"not asked: {shut.why} {shut.next}")
                refusal = shut
            elif lacks_role(error):
                refusal.why = "There is no role on the instance that allows it."
                refusal.next = without_role
            refusal.exit_code = 1  # whatever it means to a write
            return Check(title, "failed", refusal.why or refusal.what, refusal)

    no_role = f"The settings give {who.name} none: add a row to them, as --access who={who.name},role=reader does."
    next_step = NEW_ROLE if roles.has(who.object_id) else no_role
    probing = [checked("Data plane, signed in", as_user(), next_step, own=True)]
    app = cast("DesiredApplication", resolved.desired["app_registration"])
    secret = secret_in(app.secret.file) if app.secret and not app.left_out else ""
    if secret and client_id:
        probing.append(checked("Data plane, as the app", as_app(secret)))
    return list(await asyncio.gather(*probing))


def secret_in(file: str) -> str:
    """Return the client secret that a run has written to `file`; "" when there is none."""
    try:
        return "" if file == "-" else Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
