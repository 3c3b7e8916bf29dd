"""What `outputs` adds for a client application."""

from __future__ import annotations

import pytest

from cli.output_forms import with_client_values

TWINS = "https://digitaltwins.azure.net"


@pytest.mark.parametrize("suffix", ["digitaltwins.azure.net", "digitaltwins.azure.us"])
def test_the_audience_is_the_same_in_every_cloud(suffix: str) -> None:
    host = f"factory.api.x.{suffix}"
    values = with_client_values({"host_name": host, "tenant_id": "t"}, "https://login.example")
    assert (values["instance_url"], values["audience"]) == (f"https://{host}", TWINS)
    assert (values["scopes"], values["authority"]) == (f"{TWINS}/.default", "https://login.example/t")
