"""The apps and the IoT hub that every new world has, each with its system-assigned identity, and an app without one."""

from __future__ import annotations

from dataclasses import dataclass

from emulator import seed
from emulator.arm.apps import bodies
from emulator.arm.core.resources import RESOURCES
from emulator.messages import Json
from emulator.store import Store


@dataclass(frozen=True)
class App:
    """An app or an IoT hub, by its resource type and name, and the object id of its identity; "" where that is off."""

    type: str
    name: str
    object_id: str
    kind: str = ""
    """Of a site."""

    @property
    def id(self) -> str:
        """Its resource id."""
        group = f"/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups/{seed.OTHER_GROUP[0]}"
        return f"{group}/providers/{self.type}/{self.name}"


FUNCTION_APP = App(bodies.SITE, "contoso-twins-ingest", "d0000000-0000-4000-8000-000000000001", bodies.FUNCTION_APP)
WEB_APP = App(bodies.SITE, "contoso-twins-web", "d0000000-0000-4000-8000-000000000002", bodies.WEB_APP)
IOT_HUB = App(bodies.IOT_HUB, "contoso-devices", "d0000000-0000-4000-8000-000000000003")
WITHOUT_IDENTITY = App(bodies.SITE, "contoso-twins-batch", "", bodies.FUNCTION_APP)
APPS = (FUNCTION_APP, WEB_APP, IOT_HUB, WITHOUT_IDENTITY)


def seed_apps(store: Store) -> None:
    """Add them to a world that has none."""
    if store.get("world", "apps"):
        return
    for subscription in seed.SUBSCRIPTIONS:
        state = "Registered" if subscription == seed.REGISTERED_SUBSCRIPTION else "NotRegistered"
        for provider in (bodies.WEB, bodies.DEVICES):
            store.put("provider", f"{subscription}/{provider}", {"registrationState": state})
    for app in APPS:
        body = _body(app)
        if app.object_id:
            body["identity"] = bodies.system_identity(seed.TENANT, app.object_id)
            principal = bodies.principal(app.object_id, f"d1{app.object_id[2:]}", app.id)
            store.put("servicePrincipal", app.object_id, principal)
        store.put(RESOURCES.kind, app.id, body)
    store.put("world", "apps", {"version": 1})


def _body(app: App) -> Json:
    location = seed.OTHER_GROUP[1]
    return bodies.iot_hub(app.id, location) if app.type == bodies.IOT_HUB else bodies.site(app.id, location, app.kind)
