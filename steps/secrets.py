"""What is planned of the application's client secrets and of the files that hold them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cloud.applications import Password
from cloud.client_secrets import PRINTED
from cloud.errors import Refusal
from steps.credentials import Parts
from steps.model import MARK, Change
from steps.wanted import Secret

WARN_DAYS = 30
FILE = "secret-file:"
"""`secret-file:NAME:NUMBER:FILE` is recorded for each file that a secret of ours was written to."""

_LABEL = re.compile(rf"(?P<name>.+) \({MARK}(?: (?P<number>\d+))?\)")


@dataclass(frozen=True)
class Secrets:
    """What is known of the client secrets."""

    present: tuple[Password, ...]
    made: frozenset[str]
    """Of them `secret:NAME:NUMBER` and `secret-file:NAME:NUMBER:FILE`."""
    interrupted: str
    """The key of the change that an earlier run was making when it was cut short."""
    key_id: str
    """What is recorded of the current one."""
    file: str
    file_there: bool
    file_problem: str
    now: datetime
    written: Mapping[str, bool] = field(default_factory=dict)
    """Of the recorded files those that are there, and whether each is still as it was written."""
    hint: str = ""
    """What is in the wanted file, as Azure's hint says it of a secret; "" when it isn't there, or is something else."""


def label(name: str, number: int) -> str:
    """Return the display name of our NUMBERth secret of a name: it carries our mark."""
    return f"{name} ({MARK})" if number == 1 else f"{name} ({MARK} {number})"


def files(made: Collection[str]) -> dict[str, str]:
    """Return, of what is recorded, the files of secrets: each as it is recorded, and its path."""
    return {one: one.split(":", 3)[3] for one in sorted(made) if one.startswith(FILE)}


def with_labelled(seen: Secrets) -> Secrets:
    """Return the same with each secret that carries our mark taken for recorded."""
    return replace(seen, made=seen.made.union(thing for one in seen.present if (thing := _thing(one.name))))


def plan_secrets(seen: Secrets, wanted: Secret | None) -> Parts:
    """Make a secret where there is none that works, or another one on request; old ones of ours go on working.

    None takes all of ours away, and with a secret goes the file it was written to. What an interrupted run may have
    made without anybody learning the secret is taken away first. One that bears our mark and isn't recorded (the state
    file was lost, or another machine made it) counts as there.
    """
    ours = {one: thing for one in seen.present if (thing := _thing(one.name))}
    orphans = [
        one for one, thing in ours.items() if seen.interrupted in (f"create-{thing}", f"drop-secret:{one.key_id}")
    ]
    begun = tuple(files(seen.made))
    first = tuple(
        _remove(one, seen, f"drop-secret:{one.key_id}", "which nobody learned", makes=begun) for one in orphans
    )
    mine = [one for one, thing in ours.items() if one not in orphans and wanted and _name(thing) == wanted.name]
    recorded = [one for one, thing in ours.items() if thing in seen.made and one not in orphans]
    dead = [one for one in recorded if wanted and _over(one, seen.now)]
    going = recorded if wanted is None else dead
    removals = tuple(
        _remove(one, seen, f"remove-secret:{one.key_id}", "which is over" if one in dead else "") for one in going
    )
    staying = {thing for one, thing in ours.items() if one not in (*going, *orphans)}
    if wanted is None:
        rest = plan_files(seen, staying)
        return Parts(first, (*removals, *rest.changes), rest.notes, gone=rest.gone, unrecorded=_unrecorded(seen))
    living = sorted((one for one in mine if not _over(one, seen.now)), key=lambda one: _number(ours[one]))
    others = _others([one for one in recorded if one not in (*going, *mine)], wanted)
    current = next((one for one in living if one.key_id == seen.key_id), living[-1] if living else None)
    if current is not None and not wanted.rotate and not (orphans and seen.interrupted.startswith("create-")):
        if seen.file_problem:
            _refuse_file(seen, wanted)
        rest = plan_files(seen, staying)
        values = {"secret_key_id": current.key_id, "secret_expires": _moment(current)}
        held = [path for one, path in files(seen.made).items() if one.startswith(f"{_file(ours[current])}:")]
        values["secret_file"] = held[0] if held else seen.file if current.key_id == seen.key_id else ""
        notes = (*_notes(current, living, wanted, seen), *others, *rest.notes)
        return Parts(first, (*removals, *rest.changes), notes, values, rest.gone, _unrecorded(seen, current, wanted))
    _refuse_file(seen, wanted)
    used = [_number(ours[one]) for one in mine] + [_number(one) for one in seen.made if _name(one) == wanted.name]
    number = max(used, default=0) + 1
    thing = f"secret:{wanted.name}:{number}"
    printed = wanted.file == PRINTED
    where = "shown once" if printed else f"written to {wanted.file}"
    body = {
        "name": label(wanted.name, number),
        "days": wanted.days,
        "ends": f"{seen.now + timedelta(days=wanted.days):%Y-%m-%d}",
        "file": wanted.file,
        "orphans": seen.interrupted == f"create-{thing}" or bool(orphans),
    }
    which = "another client secret" if living else "client secret"
    title = f"create {which} {wanted.name}, for {wanted.days} days, {where}"
    held_now = () if printed else (f"{_file(thing)}:{wanted.file}",)
    replaced = tuple(one for one, path in files(seen.made).items() if path == wanted.file and one not in held_now)
    create = Change(f"create-{thing}", title, body=body, makes=(thing, *held_now), unmakes=replaced)
    rest = plan_files(seen, staying, wanted.file)
    notes = (*_older(living), *others, *rest.notes)
    if seen.interrupted == create.key:
        return Parts((*first, create), (*removals, *rest.changes), notes, gone=rest.gone)
    return Parts(first, (create, *removals, *rest.changes), notes, gone=rest.gone)


def _unrecorded(seen: Secrets, current: Password | None = None, wanted: Secret | None = None) -> tuple[str, ...]:
    """Return our secrets that aren't recorded, and the file of the current one when what Azure shows of it says so."""
    found = [thing for one in seen.present if (thing := _thing(one.name)) and thing not in seen.made]
    if current and wanted and current.hint and current.hint == seen.hint:
        found.append(f"{_file(_thing(current.name))}:{wanted.file}")
    return tuple(one for one in found if one not in seen.made)


def plan_files(seen: Secrets, staying: Collection[str] = (), rewritten: str = "") -> Parts:
    """Remove the files that hold a secret of ours which is not `staying`, but one that is about to be `rewritten`.

    One that was changed since, so that it may hold something else, is kept.
    """
    changes, gone, notes = [], [], []
    recorded = files(seen.made)
    held = {path for one, path in recorded.items() if _holds(one) in staying} | {rewritten}
    for one, path in recorded.items():
        if _holds(one) in staying or path == rewritten:
            continue
        if seen.written.get(path) and path not in held:
            title = f"remove the file {path} of a client secret that is gone"
            changes.append(Change(f"remove-secret-file:{path}", title, body={"file": path}, unmakes=(one,)))
            held.add(path)
            continue
        gone.append(one)
        if path in seen.written and path not in held:
            notes.append(f"The file {path} of a client secret that is gone isn't as it was written any more: kept.")
    return Parts(changes=tuple(changes), notes=tuple(notes), gone=tuple(gone))


def _refuse_file(seen: Secrets, wanted: Secret) -> None:
    problem = seen.file_problem
    ours = wanted.file in (seen.file, *files(seen.made).values())
    if not problem and wanted.file != PRINTED and seen.file_there and not ours:
        problem = f"{wanted.file} is there already, and not known to be ours."
    if problem:
        raise Refusal(
            f"The client secret can't be written: {problem}",
            next="Move it away, name another one with --secret-file FILE, or - to have the secret shown once.",
            exit_code=2,
        )


def _notes(current: Password, living: list[Password], wanted: Secret, seen: Secrets) -> tuple[str, ...]:
    notes = []
    days = (current.ends - seen.now).days if current.ends else WARN_DAYS + 1
    if days <= WARN_DAYS:
        notes.append(
            f"Client secret {wanted.name} ends on {_moment(current)[:10]}, in {days} days. The same command with "
            "--rotate-secret makes another one; the old one works to its end."
        )
    lasts = (current.ends - current.starts).days if current.ends and current.starts else wanted.days
    if lasts != wanted.days:
        notes.append(
            f"Client secret {wanted.name} was made for {lasts} days, and stays so: {wanted.days} days hold from the "
            "next rotation. The same command with --rotate-secret makes another one."
        )
    if not seen.file_there:
        notes.append(
            f"The file {wanted.file} of client secret {wanted.name} isn't there, and Azure tells a secret only once. "
            "The same command with --rotate-secret makes another one."
        )
    return (*notes, *_older([one for one in living if one != current]))


def _older(living: list[Password]) -> tuple[str, ...]:
    if not living:
        return ()
    until = ", ".join(_moment(one)[:10] for one in living)
    return (f"Older client secrets go on working: {len(living)}, to {until}.",)


def _others(others: list[Password], wanted: Secret) -> tuple[str, ...]:
    if not others:
        return ()
    named = ", ".join(f"{_name(_thing(one.name))} to {_moment(one)[:10]}" for one in others)
    return (
        f"Beside {wanted.name}, client secrets of other names go on working: {named}. --secret none takes away all "
        "that this tool made.",
    )


def _remove(one: Password, seen: Secrets, key: str, why: str, makes: tuple[str, ...] = ()) -> Change:
    thing = _thing(one.name)
    title = f"remove client secret {_name(thing)}{f', {why}' if why else ''}"
    body = {"key_id": one.key_id, "current": one.key_id == seen.key_id}
    return Change(key, title, body=body, makes=makes, unmakes=(thing,))


def _thing(display_name: str) -> str:
    match = _LABEL.fullmatch(display_name)
    return f"secret:{match['name']}:{match['number'] or 1}" if match else ""


def _file(thing: str) -> str:
    return FILE + thing.removeprefix("secret:")


def _holds(recorded_file: str) -> str:
    """Return the secret that a file is recorded to hold."""
    return "secret:" + ":".join(recorded_file.removeprefix(FILE).split(":", 2)[:2])


def _name(thing: str) -> str:
    kind, _, rest = thing.partition(":")
    return rest.rpartition(":")[0] if kind == "secret" else ""


def _number(thing: str) -> int:
    return int(thing.rpartition(":")[2])


def _over(one: Password, now: datetime) -> bool:
    return one.ends is not None and one.ends <= now


def _moment(one: Password) -> str:
    return one.ends.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if one.ends else ""
