"""What is planned of the application's client secrets. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from engine.refusal import BadInput
from steps.step_04_app_registration.desired import PERSONAL, PRINTED, Secret
from steps.step_04_app_registration.observed import Password, Settings
from steps.step_04_app_registration.partial_plan import PartialPlan
from steps.step_04_app_registration.secret_changes import (
    SECRET,
    SECRET_FILE,
    CreateSecret,
    RemoveLostSecret,
    RemoveSecret,
    moment,
)
from steps.step_04_app_registration.secrets import OurSecret, Secrets, plan_files, with_leftovers

WARN_DAYS = 30

MOST_PERSONAL = 2
"""Client secrets of an application for personal accounts."""


def plan_secrets(secrets: Secrets, desired: Secret | None) -> PartialPlan:
    """Create a secret where none works, or another one on request; older ones work until they expire or are retired.

    Those that are recorded as ours are retired on request, once the current one is there. None removes all that are
    recorded as ours, and with each the file that it was written to. What an interrupted run may have created without
    anybody having learned it is removed first. A secret that has our mark and isn't recorded (the state file was lost,
    or another machine created it) counts. Raises BadInput for a file that can't be written.
    """
    if desired is None:
        return _remove(secrets, secrets.recorded)
    same_name = tuple(secret for secret in secrets.ours if secret.name == desired.name)
    working = sorted(
        (secret for secret in same_name if not secret.is_expired(secrets.now)), key=lambda secret: secret.number
    )
    current = next((secret for secret in working if secret.key_id == secrets.key_id), working[-1] if working else None)
    is_creating = bool(secrets.lost) and secrets.in_progress.startswith("create-")
    if current and not desired.rotate and not is_creating:
        plan = _keep(secrets, desired, current, working)
    else:
        plan = _create(secrets, desired, same_name, working)
    return with_leftovers(plan, secrets.files)


def remove_all_secrets(secrets: Secrets) -> PartialPlan:
    """Remove every secret that has our mark, recorded or not: the application that they belong to is deleted.

    The next deployment restores the application with all that it has then.
    """
    return replace(_remove(secrets, secrets.ours), adoptable=())


def remove_files(secrets: Secrets) -> PartialPlan:
    """Remove all files of secrets, as the application no longer exists."""
    return with_leftovers(plan_files(secrets), secrets.files)


def _remove(secrets: Secrets, removed: tuple[OurSecret, ...]) -> PartialPlan:
    staying = {secret.item for secret in secrets.ours if secret not in removed}
    files = plan_files(secrets, staying)
    plan = PartialPlan(
        first=_lost_removals(secrets),
        changes=(*_removals(secrets, removed, are_expired=False), *files.changes),
        notes=files.notes,
        vanished=files.vanished,
        adoptable=_unrecorded(secrets),
    )
    return with_leftovers(plan, secrets.files)


def _keep(secrets: Secrets, desired: Secret, current: OurSecret, working: list[OurSecret]) -> PartialPlan:
    if secrets.files.problem:
        raise _file_refusal(secrets.files.problem)
    expired, retired = _expired(secrets), _retired(secrets, desired, current)
    files = plan_files(secrets, {secret.item for secret in secrets.ours if secret not in (*expired, *retired)})
    own = [path for path, secret in secrets.recorded_files.values() if secret == current.item]
    file = own[0] if own else secrets.file if current.key_id == secrets.key_id else ""
    adoptable = _unrecorded(secrets)
    if current.password.hint and current.password.hint == secrets.files.hint:
        item = SECRET_FILE.item(current.name, str(current.number), desired.file)
        adoptable += (item,) if item not in secrets.owned else ()
    older = [secret for secret in working if secret not in (current, *retired)]
    return PartialPlan(
        first=_lost_removals(secrets),
        changes=(*_removals(secrets, expired, are_expired=True), *_retirements(secrets, retired), *files.changes),
        notes=(
            *_notes(current, desired, secrets, file),
            *_older(older, desired),
            *_others(secrets, desired),
            *files.notes,
        ),
        values={
            "secret_key_id": current.key_id,
            "secret_expires": moment(current.password.ends),
            "secret_file": file,
        },
        vanished=files.vanished,
        adoptable=adoptable,
    )


def _create(
    secrets: Secrets, desired: Secret, same_name: tuple[OurSecret, ...], working: list[OurSecret]
) -> PartialPlan:
    _refuse_file(secrets, desired)
    expired, retired = _expired(secrets), _retired(secrets, desired, None)
    recorded = [int(number) for name, number in SECRET.among(secrets.owned).values() if name == desired.name]
    number = max((*(secret.number for secret in same_name), *recorded), default=0) + 1
    item = SECRET.item(desired.name, str(number))
    was_creating = secrets.in_progress == f"create-{item}"
    create = CreateSecret(
        secret=desired,
        number=number,
        ends=f"{secrets.now + timedelta(days=desired.days):%Y-%m-%d}",
        replaces_lost=was_creating or bool(secrets.lost),
        is_another=bool(working),
        replaced=tuple(item for item, (path, _secret) in secrets.recorded_files.items() if path == desired.file),
        client_id=secrets.client_id,
    )
    staying = {secret.item for secret in secrets.ours if secret not in (*expired, *retired)}
    files = plan_files(secrets, staying, desired.file)
    removals = (*_removals(secrets, expired, are_expired=True), *_retirements(secrets, retired))
    first, changes = _lost_removals(secrets), (*removals, *files.changes)
    older = [secret for secret in working if secret not in retired]
    return PartialPlan(
        first=(*first, create) if was_creating else first,
        changes=changes if was_creating else (create, *changes),
        notes=(*_older(older, desired), *_others(secrets, desired), *files.notes),
        vanished=files.vanished,
    )


def _expired(secrets: Secrets) -> tuple[OurSecret, ...]:
    return tuple(secret for secret in secrets.recorded if secret.is_expired(secrets.now))


def _retired(secrets: Secrets, desired: Secret, current: OurSecret | None) -> tuple[OurSecret, ...]:
    """Return what is to be retired beside the current secret, or beside one that is about to be created."""
    others = (secret for secret in secrets.recorded if secret != current and not secret.is_expired(secrets.now))
    return tuple(others) if desired.retire else ()


def _retirements(secrets: Secrets, retired: tuple[OurSecret, ...]) -> tuple[RemoveSecret, ...]:
    removals = _removals(secrets, retired, are_expired=False)
    return tuple(
        replace(removal, retired=moment(secret.password.ends)[:10])
        for removal, secret in zip(removals, retired, strict=True)
    )


def _removals(secrets: Secrets, removed: tuple[OurSecret, ...], *, are_expired: bool) -> tuple[RemoveSecret, ...]:
    return tuple(
        RemoveSecret(
            name=secret.name,
            number=secret.number,
            key_id=secret.key_id,
            is_current=secret.key_id == secrets.key_id,
            is_expired=are_expired,
            client_id=secrets.client_id,
        )
        for secret in removed
    )


def _lost_removals(secrets: Secrets) -> tuple[RemoveLostSecret, ...]:
    return tuple(
        RemoveLostSecret(
            name=secret.name,
            number=secret.number,
            key_id=secret.key_id,
            is_current=secret.key_id == secrets.key_id,
            is_expired=False,
            client_id=secrets.client_id,
            files=tuple(secrets.recorded_files),
        )
        for secret in secrets.lost
    )


def _unrecorded(secrets: Secrets) -> tuple[str, ...]:
    return tuple(secret.item for secret in (*secrets.ours, *secrets.lost) if secret.item not in secrets.owned)


def _refuse_file(secrets: Secrets, desired: Secret) -> None:
    """Raise BadInput where the secret can't be written to the desired file, or where that may be someone else's."""
    if secrets.files.problem:
        raise _file_refusal(secrets.files.problem)
    is_ours = desired.file in (secrets.file, *(path for path, _secret in secrets.recorded_files.values()))
    if desired.file != PRINTED and secrets.files.exists and not is_ours:
        raise _file_refusal(f"{desired.file} exists, and isn't known to be this tool's.")


def _file_refusal(problem: str) -> BadInput:
    return BadInput(
        f"The client secret can't be written: {problem}",
        "Move it away, name another one with --secret-file FILE, or - to have the secret shown once.",
    )


def _notes(current: OurSecret, desired: Secret, secrets: Secrets, file: str) -> tuple[str, ...]:
    """Return what is to be said of the current secret; `file` is the recorded one, "" for one that was only shown."""
    password, name, notes = current.password, desired.name, []
    again = "The same command with --rotate-secret creates another one"
    days = (password.ends - secrets.now).days if password.ends else WARN_DAYS + 1
    if days <= WARN_DAYS:
        notes.append(
            f"Client secret {name} expires on {moment(password.ends)[:10]}, in {days} days. {again}; the old one works "
            "until then."
        )
    lasts = (password.ends - password.starts).days if password.ends and password.starts else desired.days
    if lasts != desired.days:
        notes.append(
            f"Client secret {name} was created for {lasts} days, and stays so: {desired.days} days apply from the next "
            f"rotation. {again}."
        )
    was_shown = current.item in secrets.owned and not file
    if not secrets.files.exists and not was_shown:
        notes.append(
            f"The file {desired.file} of client secret {name} doesn't exist, and Azure shows a secret only once. "
            f"{again}."
        )
    return tuple(notes)


def _older(older: list[OurSecret], desired: Secret) -> tuple[str, ...]:
    if not older:
        return ()
    until = ", ".join(moment(secret.password.ends)[:10] for secret in older)
    which = "1 older secret is" if len(older) == 1 else f"{len(older)} older secrets are"
    if desired.retire:  # somebody else may need what isn't recorded here
        return (f"{which} valid until {until}, and kept: no record says that this deployment created it.",)
    return (f"{which} valid until {until}. --retire-secrets removes what this deployment created of that.",)


def _others(secrets: Secrets, desired: Secret) -> tuple[str, ...]:
    if desired.retire:
        return ()
    others = [
        f"{secret.name} until {moment(secret.password.ends)[:10]}"
        for secret in secrets.recorded
        if secret.name != desired.name and not secret.is_expired(secrets.now)
    ]
    if not others:
        return ()
    return (
        f"Beside {desired.name}, client secrets of other names are valid: {', '.join(others)}. --retire-secrets "
        "removes them.",
    )


def refuse_secrets(settings: Settings, passwords: tuple[Password, ...], plan: PartialPlan) -> None:
    """Raise BadInput where an application for personal accounts would have more than MOST_PERSONAL client secrets.

    What is retired counts: it goes only once the new secret is there.

    Source: "Validation differences by supported account types" in the Microsoft identity platform documentation.
    """
    planned = (*plan.first, *plan.changes)
    creates = sum(isinstance(change, CreateSecret) for change in planned)
    if settings.audience != PERSONAL or not creates:
        return
    removed = {change.key_id for change in planned if isinstance(change, RemoveSecret) and not change.retired}
    if sum(password.key_id not in removed for password in passwords) + creates > MOST_PERSONAL:
        raise BadInput(
            f"An application for personal accounts can't have more than {MOST_PERSONAL} client secrets.",
            "Delete an older one first: az ad app credential list --id CLIENT_ID shows them.",
        )
