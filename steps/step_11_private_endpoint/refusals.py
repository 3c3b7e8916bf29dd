"""What is refused about private endpoints. Pure."""

from __future__ import annotations

from engine.refusal import BadInput, Refusal
from engine.script import posix
from steps.shared.az_commands import az
from steps.step_11_private_endpoint.observed import NETWORK, PrivateEndpoint


def taken(endpoint: PrivateEndpoint) -> BadInput:
    """Return the refusal of a name that an endpoint of others has, which leads elsewhere or from another subnet."""
    return BadInput(
        f"There is a private endpoint {endpoint.id.rpartition('/')[2]} already, which this tool did not create.",
        "Name the subnet that it is in with --private-endpoint if it is to be used, or delete it.",
        why=f"It leads from {endpoint.subnet} to {endpoint.service}",
    )


def rejected(endpoint: PrivateEndpoint) -> Refusal:
    """Return the refusal of a connection that somebody has rejected or removed.

    Azure approves no such connection again: azure-cli, recording test_private_endpoint_connection_digitaltwins.
    """
    delete = posix([az("resource", "delete", "--ids", endpoint.id, "--api-version", NETWORK)])[0]
    said = f": {endpoint.description}" if endpoint.description else ""
    return Refusal(
        f"The connection of private endpoint {endpoint.id.rpartition('/')[2]} is {endpoint.state}{said}",
        why="A person with the right to approve connections has rejected or removed it; that is final.",
        next=f"Ask them. Then delete the endpoint, and run the same command again to create another:\n  {delete}",
        code=f"PrivateEndpoint{endpoint.state}",
        exit_code=3,
    )
