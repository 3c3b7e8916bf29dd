"""Faults on purpose, and the counts and recording that show them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator import seed
from tests.support.waiting import until
from tests.support.world import ARM, GRAPH, Emulator

SUBSCRIPTIONS = f"{ARM}/subscriptions?api-version=2022-12-01"
GROUPS = f"{ARM}/subscriptions/{seed.REGISTERED_SUBSCRIPTION}/resourceGroups"
TOKEN_ENDPOINT = f"https://login.microsoftonline.com/{seed.TENANT}/oauth2/v2.0/token"


def sign_in(azure: Emulator) -> dict[str, Any]:
    """A client credentials grant of the owner service principal."""
    form = f"grant_type=client_credentials&client_id={azure.ready['clientId']}&scope={ARM}/.default"
    form += f"&client_secret={azure.ready['clientSecret']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer: dict[str, Any] = azure.https("POST", TOKEN_ENDPOINT, body=form.encode(), headers=headers).json()
    return answer


def test_a_status_fault_hits_the_nth_request_in_the_services_shape(azure: Emulator) -> None:
    token = azure.token()
    rule = {"method": "GET", "path": "/subscriptions$", "nth": 2, "do": "status:429", "headers": {"Retry-After": "7"}}
    azure.faults(rule)
    answers = [azure.https("GET", SUBSCRIPTIONS, token=token) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 200]
    assert answers[1].json()["error"]["code"] == "TooManyRequests"
    assert answers[1].headers["Retry-After"] == "7"
    assert azure.control("GET", "/faults") == [{**rule, "matched": 3}]
    assert [entry.get("_injected", False) for entry in azure.recorded()] == [False, True, False]


@pytest.mark.parametrize("do", ["status:500", "drop", "body:<html>busy</html>"])
def test_a_fault_comes_before_or_after_the_operation(azure: Emulator, do: str) -> None:
    for phase, carried_out in (("before", False), ("after", True)):
        azure.faults({"method": "PUT", "path": "resourcegroups/new", "phase": phase, "do": do})
        with pytest.raises(ConnectionResetError) if do == "drop" else contextlib.nullcontext():
            url = f"{GROUPS}/new?api-version=2025-04-01"
            azure.https("PUT", url, token=azure.token(), json={"location": "westeurope"})
        assert ("new" in [group["name"] for group in azure.inventory()["resourceGroups"]]) is carried_out
        assert azure.recorded()[-1]["_injected"] is True


def test_drop_is_a_reset_through_the_proxy_too(azure: Emulator) -> None:
    azure.faults({"do": "drop", "nth": "every"})
    context = ssl.create_default_context(cafile=azure.ready["caBundle"])

    async def ask(address: str) -> None:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        if parts.scheme == "http":
            writer.write(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await writer.start_tls(context, server_hostname="management.azure.com")
        writer.write(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    asyncio.run(ask(azure.ready["armEndpoint"]))
    asyncio.run(ask(azure.ready["proxy"]))


def test_a_truncated_answer_promises_more_than_it_holds(azure: Emulator) -> None:
    azure.faults({"do": "truncate"})
    with azure.connect("management.azure.com") as tls:
        tls.sendall(f"GET {SUBSCRIPTIONS.removeprefix(ARM)} HTTP/1.1\r\nHost: management.azure.com\r\n\r\n".encode())
        received = b""
        while part := tls.recv(65536):
            received += part
    head, _, content = received.partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(content) < promised


def test_held_requests_are_counted_until_the_client_leaves_and_do_not_delay_the_end(azure: Emulator) -> None:
    azure.faults({"path": "/subscriptions", "nth": "every", "do": "hold"})
    with azure.connect("management.azure.com") as tls:
        tls.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        until(lambda: azure.requests()["held"] == 1, "the request to be held")
        assert azure.requests()["log"][-1]["ended"] is None
    until(lambda: azure.requests()["held"] == 0, "the request to be let go")
    assert azure.recorded()[-1]["response"]["status"] == 0
    with azure.connect("management.azure.com") as tls:
        tls.sendall(b"GET /subscriptions HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        until(lambda: azure.requests()["held"] == 1, "the request to be held")
        assert azure.process
        killer = threading.Timer(5, azure.process.kill)
        killer.start()
        assert azure.stop() == 0
        killer.cancel()


def test_token_requests_are_faulted_and_a_delay_only_slows(azure: Emulator) -> None:
    azure.faults(
        {"method": "POST", "path": "/oauth2/v2.0/token", "do": "status:503"}, {"do": "delay:0.05", "nth": "every"}
    )
    assert sign_in(azure)["error_codes"] == [90033]
    assert "access_token" in sign_in(azure)
    assert [entry.get("_injected", False) for entry in azure.recorded()] == [True, True]
    assert azure.recorded()[1]["time"] >= 50


def test_a_status_fault_may_bring_its_own_body(azure: Emulator) -> None:
    body = {"error": {"code": "RequestDisallowedByPolicy", "message": "No."}}
    azure.faults({"do": "status:403", "body": body})
    answer = azure.https("GET", SUBSCRIPTIONS)
    assert (answer.status, answer.json()) == (403, body)


def test_headers_are_put_on_the_services_own_answer(azure: Emulator) -> None:
    azure.faults({"do": "headers", "phase": "after", "headers": {"Content-Type": "text/plain"}})
    answer = azure.https("GET", SUBSCRIPTIONS, token=azure.token())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
    assert answer.json()["value"]
    assert azure.recorded()[-1]["_injected"] is True


def test_a_header_can_be_a_date_ahead(azure: Emulator) -> None:
    azure.faults({"do": "status:503", "headers": {"Retry-After": "now+60"}})
    asked = datetime.now(UTC)
    ahead = parsedate_to_datetime(azure.https("GET", SUBSCRIPTIONS).headers["Retry-After"]) - asked
    assert timedelta(seconds=60) <= ahead < timedelta(seconds=120)


def test_a_handshake_is_cut_at_the_proxy_for_the_nth_connection_to_a_host(azure: Emulator) -> None:
    azure.faults({"path": "^graph", "nth": 2, "do": "tls"})
    context = ssl.create_default_context(cafile=azure.ready["caBundle"])
    proxy = urlsplit(azure.ready["proxy"])

    async def handshake(host: str) -> None:
        reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port)
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        try:
            await writer.start_tls(context, server_hostname=host)
        finally:
            writer.transport.abort()

    asyncio.run(handshake("graph.microsoft.com"))
    asyncio.run(handshake("management.azure.com"))
    with pytest.raises(ConnectionResetError):
        asyncio.run(handshake("graph.microsoft.com"))
    asyncio.run(handshake("graph.microsoft.com"))
    assert azure.requests()["total"] == 0


def test_rules_that_mean_nothing_are_400_and_change_nothing(azure: Emulator) -> None:
    azure.faults({"do": "status:418", "nth": "every"})
    meaningless: tuple[Any, ...] = (
        {},
        [[]],
        [{}],
        [{"do": "explode"}],
        [{"do": "status:99"}],
        [{"do": "delay:soon"}],
        [{"do": "drop", "nth": 0}],
        [{"do": "drop", "nht": 1}],
        [{"do": "drop", "path": "("}],
        [{"do": "drop", "phase": "during"}],
        [{"do": "drop", "headers": [1]}],
    )
    for rules in meaningless:
        answer = azure.https("PUT", f"{azure.ready['armEndpoint']}/_emulator/faults", json=rules)
        assert (answer.status, answer.json()["error"]["code"]) == (400, "InvalidFaults"), rules
    assert azure.https("GET", SUBSCRIPTIONS).status == 418


def test_control_is_never_counted_faulted_or_recorded(azure: Emulator) -> None:
    azure.faults({"do": "drop", "nth": "every"})
    assert azure.requests()["total"] == 0
    assert azure.recorded() == []
    assert azure.https("GET", f"{azure.ready['armEndpoint']}/_emulator/nothing").status == 404


def test_requests_are_counted_by_method_and_anew_after_a_delete(azure: Emulator) -> None:
    azure.https("GET", SUBSCRIPTIONS)
    azure.https("POST", f"{GROUPS}?api-version=2025-04-01")
    counts = azure.requests()
    assert (counts["total"], counts["byMethod"]) == (2, {"GET": 1, "POST": 1})
    assert counts["log"][0]["path"] == SUBSCRIPTIONS.removeprefix(ARM)
    assert azure.control("DELETE", "/requests")["total"] == 0


def test_traffic_shows_what_was_sent_and_no_credential(azure: Emulator) -> None:
    token = sign_in(azure)["access_token"]
    azure.https("GET", f"{GRAPH}/v1.0//me?%24select=id", token=token)
    text = azure.traffic.read_text(encoding="utf-8")
    assert token not in text
    assert azure.ready["clientSecret"] not in text
    assert "authorization" not in text.lower().replace("authorization_", "")
    grant, me = azure.recorded()
    assert "client_secret=[removed]" in grant["request"]["postData"]["text"]
    assert f"client_id={azure.ready['clientId']}" in grant["request"]["postData"]["text"]
    assert me["request"]["url"] == f"{GRAPH}/v1.0//me?%24select=id"
    assert me["request"]["queryString"] == [{"name": "$select", "value": "id"}]
