"""The traffic of the whole test run, held against Azure's published contracts as it comes.

What a client sends is held to them whatever comes of it. What a test sends itself (its `User-Agent` is `BY_HAND` or
missing) may be wrong on purpose: if it is refused, only the refusal has to be as published; if it is accepted, all
of it has to.
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

BY_HAND = "by-hand"
"""The `User-Agent` of requests that a test makes itself, over tests/support/world.py."""
ELSEWHERE = re.compile(
    r"^GET /v1.0/directory/deletedItems/[^/]+-"  # the contracts have only the list of applications in it
    r"|^POST /v1.0/directory/deletedItems/getUserOwnedObjects"
    r"|/v1.0/policies/authorizationPolicy$"
    r"|/roleEligibilityScheduleInstances"  # another version of Microsoft.Authorization than the one they have
    r"|namespaces/[^/]+/authorizationRules"  # they have those of event hubs and topics
    r"|/providers/(?i:Microsoft.(Web|Devices|Network))/"  # not among them, as the next three
    r"|/providers/Microsoft.Authorization/locks"
    r"|/providers/Microsoft.Resources/deployments/"
    r"|^GET /subscriptions/[^/]+/resources$"
    r"|^POST /api/RegisteredApplications/"
    r"|^GET /idtoken$|^POST /.*/oidctoken$"  # what runners of CIs give to a job is none of Azure's
)
"""Operations of Azure's that the contracts don't have, as `METHOD PATH`."""
_NEWER = re.compile(r"azsdk-python-mgmt-(eventhub|servicebus|storage)/")
"""Clients that ask newer api-versions than the contracts have: their shapes are compared all the same."""
_CONDITIONAL = "('condition', 'conditionVersion' were unexpected)"
"""What permissions have where a condition limits them: clients read it, and the published version lacks it."""
_CONNECTED = re.compile(r'"provisioningState": ?"(Succeeded|Updating)", ?(?="privateEndpoint")')
"""The recorded state of a private endpoint's connection: the contract has others, which no recording shows."""
_VARYING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?", re.IGNORECASE)


class Contracts:
    """The published contracts in `shared`, as its tools/check_traffic.py reads them."""

    def __init__(self, shared: Path) -> None:
        file = shared / "tools/check_traffic.py"
        spec = importlib.util.spec_from_file_location("check_traffic", file)
        assert spec
        assert spec.loader
        self._checker: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._checker)
        self._published = self._checker.Contracts(self._checker.CONTRACTS)
        self._known: dict[str, list[str]] = {}

    def violations(self, traffic: Path) -> list[str]:
        """Return what in the recorded traffic is not as published: the request, and what is wrong with it."""
        found: list[str] = []
        for line in traffic.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            asked, told = entry["request"], entry["response"]
            bodies = (asked.get("postData", {}).get("text"), told["status"], told["content"].get("text"))
            agent = next((pair["value"] for pair in asked["headers"] if pair["name"].lower() == "user-agent"), "")
            key = _VARYING.sub(
                "*", f"{asked['method']} {asked['url']} {bodies} {agent in ('', BY_HAND)} {'_injected' in entry}"
            )
            if key not in self._known:
                self._known[key] = self._check(entry, agent)
            found += self._known[key]
        return found

    def _check(self, entry: dict[str, Any], agent: str) -> list[str]:
        path = entry["request"]["url"].partition("://")[2].partition("/")[2].partition("?")[0]
        label = f"{entry['request']['method']} /{path}"
        if ELSEWHERE.search(label):
            return []
        self._published.any_version = bool(_NEWER.match(agent))
        told = entry["response"]["content"]
        if "privateEndpoint" in (told.get("text") or ""):
            content = {**told, "text": _CONNECTED.sub("", told["text"])}
            entry = {**entry, "response": {**entry["response"], "content": content}}
        what, bad = self._checker.check(entry, self._published)
        bad = [part for part in bad if not ("/permissions" in path and _CONDITIONAL in part)]
        status = entry["response"]["status"]
        if agent in ("", BY_HAND) and not 100 <= status < 400:  # 0: no answer
            bad = [part for part in bad if status >= 400 and part.startswith(("error body", "status"))]
        return [f"{label} {status} by {agent[:40]} [{what}]: {part}" for part in bad]
