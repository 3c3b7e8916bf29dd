"""The recycle bin of the embedded Azure's directory: who may look into it, and what owners may."""

from __future__ import annotations

from pathlib import Path

from emulator import seed
from tests.support.graph import BAD, DENIED, MISSING, Graph, principal_of, registered
from tests.support.world import Emulator

BIN = "/directory/deletedItems"
OWNED = f"{BIN}/getUserOwnedObjects"


def test_a_member_may_not_look_but_restore_and_purge_what_they_own(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure") as azure:
        owner, member, other = Graph(azure), Graph(azure, "contributor"), Graph(azure, "reader")
        application = registered(member, tags=["of the application"])
        client = principal_of(member, application)
        assert member("GET", f"/servicePrincipals/{client}")[1]["tags"] == ["of the application"]
        assert member("PATCH", f"/servicePrincipals/{client}", {"tags": ["its own"]}) == (204, None)
        member("GET", f"/servicePrincipals/{client}")
        assert member("GET", f"/servicePrincipals/{client}")[1]["tags"] == ["its own", "of the application"]

        assert member("DELETE", f"/applications/{application['id']}") == (204, None)
        mine = {"userId": seed.USERS["contributor"].object_id, "type": "Application"}
        assert [len(member("POST", OWNED, mine)[1]["value"]) for _ in range(2)] == [0, 1]
        assert member("POST", OWNED, {**mine, "type": "Group"})[1]["value"] == []
        assert member("POST", OWNED, {"userId": mine["userId"]}) == BAD
        assert other("POST", OWNED, mine) == DENIED
        assert Graph(azure, "contributor-sp")("POST", OWNED, mine) == DENIED
        for path in (f"{BIN}/microsoft.graph.application", f"{BIN}/{application['id']}"):
            assert member("GET", path) == DENIED
            assert owner("GET", path)[0] == 200
        assert other("POST", f"{BIN}/{application['id']}/restore") == DENIED
        assert member("POST", f"{BIN}/{application['id']}/restore")[0] == 200

        member("GET", f"/applications/{application['id']}")
        assert member("DELETE", f"/applications/{application['id']}") == (204, None)
        for identifier in (application["id"], client):
            assert other("DELETE", f"{BIN}/{identifier}") in (DENIED, MISSING)
            owner("GET", f"{BIN}/{identifier}")
            assert member("DELETE", f"{BIN}/{identifier}") == (204, None)


def test_a_multi_tenant_application_takes_an_administrator_for_its_service_principal(tmp_path: Path) -> None:
    with Emulator(tmp_path / "azure") as azure:
        member = Graph(azure, "contributor")
        application = registered(member, signInAudience="AzureADMultipleOrgs")
        assert member("POST", "/servicePrincipals", {"appId": application["appId"]}) == DENIED
        assert Graph(azure)("POST", "/servicePrincipals", {"appId": application["appId"]})[0] == 201
