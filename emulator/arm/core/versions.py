"""The api-versions that are served. Every request names one; each family of operations has its own.

The published contracts describe the first of each; older and newer clients ask with the others.
"""

from __future__ import annotations

import re

from emulator.arm.core.errors import listing
from emulator.messages import Refused, Request

RESOURCES = (
    *("2025-04-01", "2025-03-01", "2024-10-01-preview", "2024-11-01", "2024-08-01", "2024-07-01", "2024-06-01-preview"),
    *("2024-03-01", "2023-07-01", "2023-07-01-preview", "2023-03-01-preview", "2022-12-01", "2022-11-01-preview"),
    *("2022-09-01", "2022-06-01", "2022-05-01", "2022-03-01-preview", "2022-01-01", "2021-04-01", "2021-01-01"),
    *("2020-10-01", "2020-09-01", "2020-08-01", "2020-07-01", "2020-06-01", "2020-05-01", "2020-01-01", "2019-11-01"),
    *("2019-10-01", "2019-09-01", "2019-08-01", "2019-07-01", "2019-06-01", "2019-05-10", "2019-05-01", "2019-03-01"),
    *("2018-11-01", "2018-09-01", "2018-08-01", "2018-07-01", "2018-06-01", "2018-05-01", "2018-02-01", "2018-01-01"),
    *("2017-12-01", "2017-08-01", "2017-06-01", "2017-05-10", "2017-05-01", "2017-03-01", "2016-09-01", "2016-07-01"),
    *("2016-06-01", "2016-02-01", "2015-11-01", "2015-01-01", "2014-04-01-preview", "2014-04-01", "2014-01-01"),
    *("2013-03-01", "2014-02-26", "2014-04"),
)
"""Resource Manager's own, for subscriptions, groups and providers alike, in the order of its refusals:
Azure/bicep#17091, Azure/azure-cli#31331 (May 2025). The first two are newer, and what the SDKs ask with."""
DIGITAL_TWINS = ("2023-01-31", "2022-10-31", "2022-05-31", "2020-12-01")
MANAGED_IDENTITY = ("2024-11-30", "2025-05-31-preview", "2023-01-31", "2018-11-30")
ELIGIBILITY = ("2020-10-01",)
LOCKS = ("2020-05-01", "2017-04-01", "2016-09-01")
ROLE_ASSIGNMENTS = ("2022-04-01", "2020-04-01-preview")
ROLE_DEFINITIONS = ("2022-04-01", "2022-05-01-preview")
EVENT_HUB = (
    "2024-01-01",
    "2026-07-01-preview",
    "2026-01-01",
    "2025-05-01-preview",
    "2024-05-01-preview",
    "2023-01-01-preview",
    "2022-10-01-preview",
    "2021-11-01",
    "2017-04-01",
)
SERVICE_BUS = (
    "2024-01-01",
    "2026-07-01-preview",
    "2026-01-01",
    "2025-05-01-preview",
    "2023-01-01-preview",
    "2022-10-01-preview",
    "2022-01-01-preview",
    "2021-11-01",
    "2017-04-01",
)
EVENT_GRID = (
    "2025-02-15",
    "2025-07-15-preview",
    "2025-04-01-preview",
    "2022-06-15",
    "2021-12-01",
    "2021-10-15-preview",
    "2020-06-01",
)
STORAGE = (
    "2025-06-01",
    "2026-09-01",
    "2025-08-01",
    "2025-01-01",
    "2024-01-01",
    "2023-05-01",
    "2023-01-01",
    "2022-09-01",
    "2021-09-01",
    "2021-04-01",
    "2019-06-01",
)

WEB = ("2025-05-01", "2024-11-01", "2024-04-01", "2023-12-01", "2023-01-01", "2022-09-01", "2022-03-01")
"""The first is what azure-mgmt-web 11 asks with; az and older clients ask with the others."""
DEVICES = ("2023-06-30", "2023-06-30-preview", "2022-04-30-preview", "2021-07-02", "2019-07-01-preview", "2019-03-22")
"""Those of azure-mgmt-iothub 4, and what the reference of its template has between."""

NETWORK = (
    *("2026-03-01", "2026-01-01", "2025-05-01", "2025-03-01", "2025-01-01", "2024-10-01", "2024-07-01", "2024-05-01"),
    *("2024-03-01", "2024-01-01", "2023-11-01", "2023-09-01", "2023-04-01", "2022-01-01", "2021-08-01", "2020-11-01"),
)
"""The first is what azure-mgmt-network 33 asks with; az and templates ask with the others."""
PRIVATE_DNS = ("2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01")
"""The first is what azure-mgmt-privatedns 2 asks with."""

PROVIDER = re.compile(r".*/providers/(?P<namespace>[^/]+)/(?P<kind>[^/]+)(?:/.*)?", re.IGNORECASE)
"""A path at or below a provider's resource."""
_OF_PROVIDERS = ("register", "unregister")

_PROVIDER_VERSIONS = {
    ("microsoft.digitaltwins", None): DIGITAL_TWINS,
    ("microsoft.managedidentity", None): MANAGED_IDENTITY,
    ("microsoft.resources", "tags"): RESOURCES,
    ("microsoft.resources", "deployments"): RESOURCES,
    ("microsoft.authorization", "roledefinitions"): ROLE_DEFINITIONS,
    ("microsoft.authorization", "permissions"): ROLE_DEFINITIONS,
    ("microsoft.authorization", "roleeligibilityscheduleinstances"): ELIGIBILITY,
    ("microsoft.authorization", "locks"): LOCKS,
    ("microsoft.authorization", None): ROLE_ASSIGNMENTS,
    ("microsoft.eventhub", None): EVENT_HUB,
    ("microsoft.servicebus", None): SERVICE_BUS,
    ("microsoft.eventgrid", None): EVENT_GRID,
    ("microsoft.storage", None): STORAGE,
    ("microsoft.web", None): WEB,
    ("microsoft.devices", None): DEVICES,
    ("microsoft.network", "privatednszones"): PRIVATE_DNS,
    ("microsoft.network", "privatednsoperationstatuses"): PRIVATE_DNS,
    ("microsoft.network", "privatednsoperationresults"): PRIVATE_DNS,
    ("microsoft.network", None): NETWORK,
}


def check(request: Request) -> str:
    """Return the request's api-version; refuse (400) a missing one and one that its family does not serve."""
    version = request.query.get("api-version", "")
    if not version:
        raise Refused(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    match = PROVIDER.fullmatch(request.path)
    if not match or match["kind"].lower() in _OF_PROVIDERS:
        if version.lower() not in RESOURCES:
            raise Refused(
                400,
                "InvalidApiVersionParameter",
                f"The api-version '{version}' is invalid. The supported versions are '{listing(RESOURCES)}'.",
            )
        return version
    namespace, kind = match["namespace"].lower(), match["kind"].lower()
    known = _PROVIDER_VERSIONS.get((namespace, kind)) or _PROVIDER_VERSIONS.get((namespace, None))
    if known and version.lower() not in known:
        raise Refused(
            400,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '' and API version '{version}' for type "
            f"'{match['kind']}'. The supported api-versions are '{', '.join(known)}'. The supported locations are ''.",
        )
    return version
