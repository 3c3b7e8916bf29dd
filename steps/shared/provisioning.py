"""Provisioning states of instances and endpoints, and which of them are waited for. Pure.

Source: ProvisioningState and EndpointProvisioningState in the published contract of Microsoft.DigitalTwins. It says no
more of them than their names, and a later version may have others.
"""

from __future__ import annotations

from engine.refusal import Refusal

WORKING = ("Succeeded", "Warning")
"""Nothing is being done with it, and it works."""
FAILED = ("Failed", "Canceled")
"""It has to be created again."""
GOING = ("Deleting", "Deleted")
"""It is no longer there, or not for long."""
PASSING = ("", "Provisioning", "Updating", "Deleting")
"""They end by themselves, in minutes.

Others (Moving, Suspending, Restoring, or one that the contract doesn't name) are somebody else's doing, which may take
hours: they aren't waited for.
"""


def stuck(what: str, state: str) -> Refusal:
    """Return the refusal of a provisioning state that isn't waited for. `what` is as in "instance factory"."""
    return Refusal(
        f"Azure says that {what} is {state}, and accepts no change until that is over.",
        why="How long that takes is not known, so it is not waited for.",
        next="Run the same command again once the portal, or az resource show, says Succeeded.",
        code=state,
    )
