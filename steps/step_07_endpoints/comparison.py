"""What exists of the endpoints, compared with what is desired: what is refused, kept, set up and deleted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.refusal import BadInput
from steps.shared.event_routes import DeleteRoute, delete_route_command
from steps.shared.event_routing import (
    ENDPOINT,
    ROUTE,
    Endpoint,
    agrees,
    leaving,
    owned_endpoint_items,
)
from steps.shared.provisioning import FAILED, GOING, WORKING
from steps.step_07_endpoints.az_commands import delete_endpoint_line
from steps.step_07_endpoints.changes import AwaitEndpoint, DeleteEndpoint, Reason, SetEndpoint
from steps.step_07_endpoints.inputs import DesiredEndpoints
from steps.step_07_endpoints.observed import ObservedEndpoints

if TYPE_CHECKING:
    from engine.change import AnyChange


MOST = 6
"""Endpoints of an instance; not adjustable. Source: "Azure Digital Twins service limits" in the Azure documentation."""
DISABLED = "Disabled"
"""The provisioning state of an endpoint that somebody switched off."""


@dataclass(frozen=True)
class Comparison:
    """The endpoints as they exist and as they are desired."""

    observed: ObservedEndpoints
    desired: DesiredEndpoints
    owned: frozenset[str]
    """What any step owns."""

    @property
    def instance_id(self) -> str:
        """The id of the instance."""
        return self.desired.target.instance_id

    @property
    def leaving(self) -> dict[str, str]:
        """Our endpoints that are to be deleted, for good or to be created again, by lower-cased name with why."""
        return leaving(self.observed.endpoints, self.desired.endpoints, self.owned)

    @property
    def ours(self) -> set[str]:
        """The lower-cased names of our endpoints that exist."""
        return {name for name, found in self.observed.endpoints.items() if ENDPOINT.item(found.name) in self.owned}

    def refuse_destinations(self) -> None:
        """Raise BadInput where a destination doesn't exist, or has no key to give."""
        problems = []
        for endpoint in self.desired.endpoints or ():
            why = self.observed.absent.get(endpoint.name, "")
            if not why and endpoint.uses_rule and not self.observed.rules.get(endpoint.name):
                why = f"no authorization rule of {endpoint.destination} may send: add one with Send."
            if why:
                problems.append(f"Endpoint {endpoint.name}{self.desired.source}: {why}")
        if problems:
            count = len(problems)
            raise BadInput(
                f"{count} destination{'s' if count != 1 else ''} can't be used.",
                "Correct the endpoint, or create the destination first. A short name means a resource in the "
                "instance's group; any other is named by its id: az resource list --name NAME --query [].id "
                "--output tsv",
                why="\n".join(problems),
            )

    @property
    def is_full(self) -> bool:
        """Whether something has to be deleted before all that is desired can be there."""
        names = {endpoint.name.lower() for endpoint in self.desired.endpoints or ()}
        return len(names.union(self.observed.endpoints)) > MOST

    def refuse_too_many(self) -> None:
        """Raise BadInput where the instance would have more endpoints than Azure allows."""
        leaving = self.leaving.keys()
        names = {name for name in self.observed.endpoints if name not in leaving}
        names |= {endpoint.name.lower() for endpoint in self.desired.endpoints or ()}
        if len(names) > MOST:
            raise BadInput(
                f"An instance can't have more than {MOST} endpoints, and it would have {len(names)}.",
                "Name fewer endpoints, or delete others of the instance first.",
            )

    def refuse_foreign(self) -> None:
        """Raise BadInput rather than change an endpoint that isn't ours, or replace one that others' routes use."""
        for endpoint in self.desired.endpoints or ():
            name = endpoint.name.lower()
            found = self.observed.endpoints.get(name)
            if found is None:
                continue
            if name not in self.ours and not agrees(found, endpoint, self.owned):
                raise BadInput(
                    f"There is an endpoint {found.name} already, with other settings, which isn't recorded as created "
                    "by this tool.",
                    "If an earlier run created it, name that run's state with --state. Else give yours another name, "
                    f"or delete it: {delete_endpoint_line(self.instance_id, found.name)}",
                )
            others = self._foreign_routes(name)
            if name in self.leaving and others:
                raise BadInput(
                    f"Endpoint {found.name} must be created again, as {self.leaving[name]}.",
                    "Delete them, and create them again afterwards: "
                    f"{delete_route_command(self.instance_id, others[0])}",
                    why=f"Routes that this tool did not create use it: {', '.join(others)}.",
                )

    def used_by_others(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Return the endpoints among these that others' routes use, and those routes."""
        return {name: others for name in sorted(names) if (others := self._foreign_routes(name))}

    def set_up(self, endpoint: Endpoint) -> AnyChange | None:
        """Return what an endpoint that isn't to be deleted needs; None when it is as desired."""
        found = self.observed.endpoints.get(endpoint.name.lower())
        if found is None or found.state in GOING:
            return self.set(endpoint, Reason.MISSING)
        if not agrees(found, endpoint, self.owned):
            return self.set(endpoint, Reason.DIFFERS)
        if found.state in FAILED:
            return self.set(endpoint, Reason.REPLACED)
        if found.state not in (*WORKING, DISABLED):  # an interrupted run was setting it up, or someone else is
            return AwaitEndpoint(
                instance_id=self.instance_id, endpoint=endpoint, rule=self._rule(endpoint), state=found.state
            )
        if self.desired.renew_keys and endpoint.identity is None and ENDPOINT.item(found.name) in self.owned:
            return self.set(endpoint, Reason.NEW_KEY)
        return None

    def unwell(self) -> list[str]:
        """Return notes of the desired endpoints of which Azure says that something is wrong."""
        found = [self.observed.endpoints.get(endpoint.name.lower()) for endpoint in self.desired.endpoints or ()]
        return [
            f"Azure says {endpoint.state} of endpoint {endpoint.name}: events may not arrive."
            for endpoint in found
            if endpoint and endpoint.state in ("Warning", DISABLED)
        ]

    def set(self, endpoint: Endpoint, reason: Reason) -> AnyChange:
        """Return the write that makes the endpoint as desired."""
        return SetEndpoint(
            instance_id=self.instance_id,
            endpoint=endpoint,
            rule=self._rule(endpoint),
            reason=reason,
            before=self.observed.endpoints.get(endpoint.name.lower()) if reason is Reason.DIFFERS else None,
            recorded=owned_endpoint_items(endpoint.name, self.owned),
        )

    def delete(self, reasons: Mapping[str, str]) -> list[AnyChange]:
        """Return the deletions of these endpoints, each with why, after those of our routes to them."""
        routes = sorted(route for name in reasons for route in self._routes_to(name) if ROUTE.item(route) in self.owned)
        why = "as its endpoint is deleted"
        deletions: list[AnyChange] = [
            DeleteRoute(instance_id=self.instance_id, name=route, why=why) for route in routes
        ]
        for low, reason in reasons.items():
            name = self.observed.endpoints[low].name
            recorded = owned_endpoint_items(name, self.owned)
            deletions.append(DeleteEndpoint(instance_id=self.instance_id, name=name, why=reason, recorded=recorded))
        return deletions

    def _rule(self, endpoint: Endpoint) -> str:
        return self.observed.rules.get(endpoint.name, "")

    def _routes_to(self, name: str) -> list[str]:
        return [route.name for route in self.observed.routes.values() if route.endpoint.lower() == name]

    def _foreign_routes(self, name: str) -> list[str]:
        return [route for route in self._routes_to(name) if ROUTE.item(route) not in self.owned]
