"""Queries over the twin graph: the twins or relationships that match a condition, the first of them, or their count.

Projections, joins and `MATCH` are refused with the code of a query that can't be parsed; the message says so.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from emulator.dataplane import dtdl, items, models, twins
from emulator.dataplane.expressions import MISSING, BadExpression, Condition, Values, parse
from emulator.dataplane.hosts import require
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

_SELECT = re.compile(
    r"\s*SELECT\s+(?:TOP\s*\(\s*(?P<top>\d+)\s*\)\s*)?(?P<what>\*|COUNT\s*\(\s*\))\s*FROM\s+"
    r"(?P<collection>digitaltwins|relationships)(?:\s+(?!WHERE\b)(?P<alias>[A-Za-z]\w*))?"
    r"(?:\s+WHERE\s+(?P<where>.+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_NOT_EMULATED = re.compile(r"\b(JOIN|MATCH|ORDER|GROUP|RELATED)\b", re.IGNORECASE)


@ROUTER.add("POST", "/query", latency="data_plane")
def query(world: World, request: Request) -> Reply:
    """Run a query and return a page of what it finds; its cost is in the header `query-charge`."""
    instance = require(world, request, "Microsoft.DigitalTwins/query/action")
    body = items.body_of(request)
    query, start = _asked(body)
    found = _run(world, instance, query)
    size = items.page_size(request)
    page = found[start : start + size]
    token = _token(query, start + size) if start + size < len(found) else None
    charge = f"{1 + 0.1 * len(page):.2f}"
    return Reply(body={"value": page, "continuationToken": token}, headers={"query-charge": charge})


def _asked(body: Json) -> tuple[str, int]:
    """Return the query and the offset; a continuation token has both."""
    if token := body.get("continuationToken"):
        try:
            text, start = json.loads(base64.urlsafe_b64decode(str(token).encode()))
        except (binascii.Error, ValueError, TypeError):
            raise Refused(400, "BadRequest", "The continuation token is invalid.") from None
        return str(text), int(start)
    if not isinstance(body.get("query"), str):
        raise Refused(400, "BadRequest", "The request body must have a query or a continuationToken.")
    return body["query"], 0


def _token(query: str, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([query, start]).encode()).decode()


def _run(world: World, instance: Json, query: str) -> list[Json]:
    match = _SELECT.fullmatch(query)
    if not match:
        raise _refused(query)
    kind = twins.KIND if match["collection"].lower() == "digitaltwins" else twins.RELATIONSHIP
    found = items.every(world, kind, instance)
    if match["where"]:
        condition = _condition(world, instance, query, match["where"], match["alias"])
        found = [item for item in found if condition(_values(item, match["alias"]))]
    if match["top"] is not None:
        found = found[: int(match["top"])]
    return found if match["what"] == "*" else [{"COUNT": len(found)}]


def _condition(world: World, instance: Json, query: str, where: str, alias: str | None) -> Condition:
    find = models.finder(world, instance)

    def is_of_model(*arguments: str) -> Condition:
        names = [argument for argument in arguments if argument.startswith("dtmi:")]
        exact = "EXACT" in [argument.upper() for argument in arguments]
        if len(names) != 1 or not all(
            argument in names or argument.upper() in (str(alias).upper(), "EXACT") for argument in arguments
        ):
            raise TypeError(arguments)

        def condition(values: Values) -> bool:
            model = values("$metadata.$model")
            return isinstance(model, str) and (model == names[0] if exact else dtdl.is_a(model, names[0], find))

        return condition

    try:
        return parse(where, {"IS_OF_MODEL": is_of_model})
    except BadExpression as error:
        raise _refused(query, str(error)) from None


def _values(item: Json, alias: str | None) -> Values:
    def value(path: str) -> Any:
        found: Any = item
        names = path.split(".")
        if alias and names[0].lower() == alias.lower():
            names = names[1:]
        for name in names:
            found = found.get(name.strip("[]"), MISSING) if isinstance(found, dict) else MISSING
        return found

    return value


def _refused(query: str, reason: str = "") -> Refused:
    if not reason:
        reason = "Only SELECT [TOP(n)] * or COUNT() FROM digitaltwins or relationships [WHERE condition] is understood."
        if match := _NOT_EMULATED.search(query):
            reason = f"{match[1].upper()} is not supported by this embedded instance. {reason}"
    return Refused(400, "SqlQueryError", f"SQL query parse failed: {reason} Query: {query[:200]}")
