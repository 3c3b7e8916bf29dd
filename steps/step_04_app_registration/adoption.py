"""Which applications are this deployment's, and which may be adopted. Pure."""

from __future__ import annotations

from engine.refusal import Refusal
from steps.shared.applications import digest, unique_name
from steps.shared.tags import MARK
from steps.step_04_app_registration.observed import Registration


def adoption_tag(instance_id: str) -> str:
    """Return the tag of an application that is adopted for this instance."""
    return f"{MARK}:adopted:{digest(instance_id)}"


def tag_of(found: Registration | None, instance_id: str) -> str:
    """Return the tag that the application is to have, "" for our own, which has our `uniqueName`, or for none."""
    if found is None or found.unique_name.lower() == unique_name(instance_id):
        return ""
    return adoption_tag(instance_id)


def refuse_adoption(found: Registration, tag: str) -> None:
    """Raise Refusal (exit code 2) for an application that another deployment or another tool manages."""
    settings = found.settings
    others = [other for other in settings.tags if other.startswith(MARK) and other != tag]
    managed = [text for text in (*settings.tags, settings.notes) if _names_a_manager(text)]
    if not others and not managed:
        return
    raise Refusal(
        f"The application {settings.name} ({found.client_id}) is managed by someone else: it is not adopted.",
        why="Its tags say that it belongs to another instance that this tool set up."
        if others
        else f"It says so itself: {managed[0]}",
        next="Name another application with --app-id, or none: then a new one is created.",
        exit_code=2,
    )


def is_adoptable(found: Registration, tag: str) -> bool:
    """Whether the application may be adopted."""
    try:
        refuse_adoption(found, tag)
    except Refusal:
        return False
    return True


def chosen(client_id: str, named: Registration | None, own: Registration | None, adopted: str) -> Registration:
    """Return the application that `--app-id` names.

    `adopted` is the client id of the application that is recorded as adopted; "" for none. Raises Refusal (exit code
    2) for a client id that doesn't exist, or that isn't the one this deployment already has.
    """
    if named is None:
        raise Refusal(
            f"There is no application {client_id} in this tenant.",
            why="An application is adopted by its client id (also called application id), not by an object id.",
            next='az ad app list --show-mine --query "[].[appId, displayName]" --output table shows yours.',
            exit_code=2,
        )
    if own and own.client_id == named.client_id:
        return own
    other = own.client_id if own else adopted
    if other and other.lower() != named.client_id.lower():
        raise Refusal(
            f"This deployment already has an application, {other}, so {client_id} is not adopted.",
            next="Leave --app-id away, or destroy the deployment first.",
            exit_code=2,
        )
    return named


def _names_a_manager(text: str) -> bool:
    return any(f"managed{gap}by" in text.lower() for gap in ("", "-", "_", " "))
