"""Queries over the twin graph: what they find, row by row. How they are written: `emulator.dataplane.language`.

Without public source, and so as it is simplest: a `MATCH` finds a row for each path, and `SELECT *` shows its
collections by name. Source of what a path is: https://learn.microsoft.com/azure/digital-twins/reference-query-clause-match
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from emulator.dataplane import dtdl, items, models, twins
from emulator.dataplane.comparisons import MISSING
from emulator.dataplane.hosts import require
from emulator.dataplane.language import BadExpression, query_of
from emulator.dataplane.query_parts import Condition, Hop, Path, Query, Values
from emulator.dataplane.routes import ROUTER
from emulator.messages import Json, Refused, Reply, Request
from emulator.world import World

Row = dict[str, Json]
"""Twins and relationships by the names of their collections; "" for one without a name."""


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


def _run(world: World, instance: Json, text: str) -> list[Json]:
    try:
        query = query_of(text, {"IS_OF_MODEL": _is_of_model(models.finder(world, instance))})
        _check(query)
        return _found(world, instance, query)
    except BadExpression as error:
        # The code is Azure's, as recorded; the words are the emulator's own.
        message = f"The emulator doesn't take this query: {error} Query: {text[:200]}"
        raise Refused(400, "SqlQueryError", message) from None


def _check(query: Query) -> None:
    """Raise `BadExpression` for collections that are not there, and for what the pages of JOIN and MATCH demand."""
    names = [query.start, *(name for hop in query.hops for name in (hop.relationship, hop.target))]
    named = [name.lower() for name in names if name]
    if not query.is_match:
        for position, hop in enumerate(query.hops):
            known = [query.start, *(earlier.target for earlier in query.hops[:position])]
            if hop.source.lower() not in map(str.lower, known):
                raise BadExpression(f"'{hop.source}' names no collection of twins before this JOIN.")
        if len(set(named)) < len(named):
            raise BadExpression("Two collections have the same name.")
        if query.hops and query.columns is None and not query.counts:
            raise BadExpression("With JOIN, the columns must be named: SELECT * is for queries without it.")
    if (query.hops or query.is_match) and not {name.lower() for name in query.identified} & set(named):
        raise BadExpression("A query with JOIN or MATCH must say which twin: WHERE collection.$dtId = '...'.")
    if len(named) > 1:
        for path in (*query.paths, *(column.path for column in query.columns or ())):
            if path[0].lower() not in named:
                raise BadExpression(f"'{path[0]}' names no collection of this query.")


def _found(world: World, instance: Json, query: Query) -> list[Json]:
    found: list[Json] = []
    for row in _rows(world, instance, query):
        if query.condition and not query.condition(_values(row)):
            continue
        if query.top is not None and len(found) >= query.top:
            break
        found.append(_shown(row, query))
    return [{"COUNT": len(found)}] if query.counts else found


def _shown(row: Row, query: Query) -> Json:
    if query.columns is None:
        return {name: item for name, item in row.items() if name} if query.is_match else next(iter(row.values()))
    values = _values(row)
    shown = {column.name: values(column.path) for column in query.columns}
    return {name: value for name, value in shown.items() if value is not MISSING}


def _rows(world: World, instance: Json, query: Query) -> Iterator[Row]:
    if not query.of_twins:
        yield from ({query.start: item} for item in items.every(world, twins.RELATIONSHIP, instance))
        return
    every = {twin["$dtId"]: twin for twin in items.every(world, twins.KIND, instance)}
    graph = _Graph(every, items.every(world, twins.RELATIONSHIP, instance) if query.hops else [])
    for twin in every.values():
        yield from graph.rows({query.start: twin}, twin, query.hops, is_match=query.is_match)


class _Graph:
    """Twins and the relationships that lead from each and to each."""

    def __init__(self, every: dict[str, Json], relationships: list[Json]) -> None:
        self._twins = every
        self._steps: dict[str, list[tuple[str, Json, str]]] = defaultdict(list)
        for relationship in relationships:
            source, target = relationship["$sourceId"], relationship["$targetId"]
            self._steps[source].append((">", relationship, target))
            self._steps[target].append(("<", relationship, source))

    def rows(self, row: Row, twin: Json, hops: tuple[Hop, ...], *, is_match: bool) -> Iterator[Row]:
        """Yield the row, extended by what the hops lead to; none where one leads nowhere."""
        if not hops:
            yield row
            return
        hop, *rest = hops
        start = twin if is_match else next(item for name, item in row.items() if name.lower() == hop.source.lower())
        for relationship, end in self._ends(start["$dtId"], hop, (), hop.most):
            known = row.get(hop.target) if hop.target else None
            if known is not None and known["$dtId"] != end:
                continue
            further = {hop.relationship: relationship} if hop.relationship else {}
            found = self._twins[end]
            extended = {**row, **further, **({hop.target: found} if hop.target else {})}
            yield from self.rows(extended, found, tuple(rest), is_match=is_match)

    def _ends(self, start: str, hop: Hop, path: tuple[str, ...], most: int) -> Iterator[tuple[Json, str]]:
        """Yield the last relationship and the twin of each path; a path has no relationship twice."""
        for direction, relationship, end in self._steps[start]:
            key = f"{relationship['$sourceId']}/{relationship['$relationshipId']}"
            follows = direction in hop.directions and (not hop.names or relationship["$relationshipName"] in hop.names)
            if not follows or key in path:
                continue
            if len(path) + 1 >= hop.fewest:
                yield relationship, end
            if len(path) + 1 < most:
                yield from self._ends(end, hop, (*path, key), most)


def _is_of_model(find: dtdl.Find) -> Any:
    """Return the function IS_OF_MODEL: a model or one that extends it, in the same or a later version unless exact.

    Source: https://learn.microsoft.com/azure/digital-twins/how-to-query-graph (Query by model).
    """

    def is_of_model(*arguments: Any) -> Condition:
        names = [argument for argument in arguments if isinstance(argument, str) and dtdl.is_id(argument.strip())]
        words = [argument for argument in arguments if isinstance(argument, tuple)]
        exact = bool(words) and len(words[-1]) == 1 and words[-1][0].lower() == "exact"
        collection = words[: len(words) - exact]
        if len(names) != 1 or len(names) + len(words) != len(arguments) or len(collection) > 1:
            raise TypeError(arguments)
        asked, path = names[0].strip(), (*(collection[0] if collection else ()), "$metadata", "$model")

        def condition(values: Values) -> bool:
            model = values(path)
            if not isinstance(model, str) or exact:
                return bool(model == asked)
            return any(dtdl.is_version_of(part, asked) for part in dtdl.lineage(model, find))

        return condition

    return is_of_model


def _values(row: Row) -> Values:
    """Return the function that finds a property in a row; with one collection its name may be left out."""
    named = {name.lower(): item for name, item in row.items()}

    def value(path: Path) -> Any:
        found: Any = named.get(path[0].lower(), MISSING)
        rest = path[1:]
        if found is MISSING and len(named) == 1:
            found, rest = next(iter(named.values())), path
        elif found is MISSING:
            raise BadExpression(f"'{path[0]}' names no collection of this query.")
        for name in rest:
            found = found.get(name, MISSING) if isinstance(found, dict) else MISSING
        return found

    return value
