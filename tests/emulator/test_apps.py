"""Function apps, web apps and IoT hubs in the embedded Azure, which are only read."""

from __future__ import annotations

from emulator import seed, seed_apps
from tests.support.arm import REGISTERED
from tests.support.world import ARM, Emulator

VERSIONS = {"Microsoft.Web/sites": "2025-05-01", "Microsoft.Devices/IotHubs": "2023-06-30"}


def test_apps_are_read_with_their_identities(azure: Emulator) -> None:
    token = azure.token()

    def get(path: str, kind: str, version: str = "") -> tuple[int, dict[str, object]]:
        answer = azure.https("GET", f"{ARM}{path}?api-version={version or VERSIONS[kind]}", token=token)
        return answer.status, answer.json()

    for app in seed_apps.APPS:
        status, body = get(app.id, app.type)
        identity = body.get("identity")
        assert (status, body["kind"] if app.kind else "") == (200, app.kind)
        assert (identity or {}) == (
            {"type": "SystemAssigned", "tenantId": seed.TENANT, "principalId": app.object_id} if app.object_id else {}
        )
        assert get(f"{app.id}-other", app.type)[0] == 404
        assert get(app.id, app.type, "2001-01-01")[0] == 400
    for kind in VERSIONS:
        _, body = get(f"{REGISTERED}/resourceGroups/{seed.OTHER_GROUP[0]}/providers/{kind}", kind)
        found = body["value"]
        assert isinstance(found, list)
        assert {one["name"] for one in found} == {app.name for app in seed_apps.APPS if app.type == kind}
