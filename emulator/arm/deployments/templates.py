"""Templates: the resources that one asks for, in the order in which they need each other. Pure.

What `bicep build` makes of a file with plain resources, parameters and variables. Whatever else a template can say is
refused in words of our own, before anything is created. Source: "Understand the structure and syntax of ARM templates"
and "ARM template functions" of the Azure Resource Manager documentation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from emulator.messages import Json, Refused

_SECTIONS = {"$schema", "contentVersion", "metadata", "parameters", "variables", "resources", "outputs"}
_OF_RESOURCES = {"type", "apiVersion", "name", "location", "tags", "identity", "properties", "sku", "kind", "dependsOn"}
_SCHEMA = re.compile(r"https?://schema\.management\.azure\.com/schemas/[\d-]+/deploymentTemplate\.json#?")


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    id: str
    api_version: str
    body: Json
    """What is put at its id."""


def not_played(what: str) -> Refused:
    """Return the refusal of what templates can say in Azure, and not here."""
    return Refused(501, "NotPlayed", f"The embedded Azure does not play {what} of template deployments.")


def invalid(message: str) -> Refused:
    """Return the refusal of a template that is none."""
    return Refused(400, "InvalidTemplate", f"Deployment template validation failed: '{message}'.")


class Template:
    """A template with the values of its parameters, for a group. Refuses (400, 501) what it can't be."""

    def __init__(self, template: Any, given: Mapping[str, Json], group: Json) -> None:
        if not isinstance(template, dict) or not _SCHEMA.fullmatch(str(template.get("$schema"))):
            raise invalid("The template's '$schema' is missing, or not that of resource groups")
        if unknown := sorted(template.keys() - _SECTIONS):
            raise not_played(f"'{unknown[0]}'")
        if not isinstance(template.get("resources"), list):
            raise invalid("The template's 'resources' is no list")
        self._group, self._template = group, template
        self._parameters: Json = {}
        declared = template.get("parameters") or {}
        for name in [*declared, *given]:
            if name not in declared:
                raise invalid(f"The template parameters '{name}' in the parameters file are not valid")
            if name not in given and "defaultValue" not in declared[name]:
                raise invalid(f"The value for the template parameter '{name}' is not provided")
            found = given[name].get("value") if name in given else self.value(declared[name]["defaultValue"])
            self._parameters[name] = found

    @property
    def parameters(self) -> Json:
        """The parameters as a deployment shows them."""
        return self._shown("parameters", self._parameters)

    @property
    def outputs(self) -> Json:
        """The outputs as a deployment shows them."""
        declared = self._template.get("outputs") or {}
        return self._shown("outputs", {name: self.value(about.get("value")) for name, about in declared.items()})

    def _shown(self, section: str, values: Json) -> Json:
        return {name: {"type": self._template[section][name].get("type"), "value": values[name]} for name in values}

    def resources(self) -> list[Resource]:
        """Return the resources, each after those that it depends on."""
        found, needs = {}, {}
        for one in self._template["resources"]:
            if unknown := sorted(one.keys() - _OF_RESOURCES):
                raise not_played(f"'{unknown[0]}' of resources")
            if not (one.get("type") and one.get("apiVersion") and one.get("name")):
                raise invalid("A template resource has no 'type', 'apiVersion' or 'name'")
            kept = one.keys() - {"type", "apiVersion", "name", "dependsOn"}
            identifier = self._id_of(one["type"], *str(self.value(one["name"])).split("/"))
            found[identifier.lower()] = Resource(
                identifier, str(one["apiVersion"]), self.value({name: one[name] for name in one if name in kept})
            )
            needs[identifier.lower()] = {str(self.value(each)).lower() for each in one.get("dependsOn") or ()}
        for low, wanted in needs.items():
            if missing := wanted - found.keys():
                raise invalid(f"The resource '{sorted(missing)[0]}' that '{low}' depends on is not defined")
        try:
            return [found[low] for low in TopologicalSorter(needs).static_order()]
        except CycleError as error:
            raise invalid("Circular dependency detected on resource") from error

    def value(self, part: Any) -> Any:
        """Return a part of the template with its expressions replaced by their values."""
        if isinstance(part, dict):
            return {name: self.value(each) for name, each in part.items()}
        if isinstance(part, list):
            return [self.value(each) for each in part]
        if not isinstance(part, str) or not (part.startswith("[") and part.endswith("]")):
            return part
        if part.startswith("[["):
            return part[1:]
        try:
            if "''" in part:  # an escaped quote, which Python reads otherwise
                raise not_played(f"the expression '{part}'")
            return self._evaluated(ast.parse(part[1:-1], mode="eval").body)
        except (SyntaxError, LookupError, TypeError, ValueError) as error:
            raise invalid(f"Unable to process template language expressions: '{part}'") from error

    def _evaluated(self, node: ast.expr) -> Any:
        """Return the value of an expression: calls, properties and constants look as in Python."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Attribute):
            return self._evaluated(node.value)[node.attr]
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            raise not_played(f"the expression '{ast.unparse(node)}'")
        arguments = [self._evaluated(each) for each in node.args]
        match node.func.id.lower():
            case "parameters":
                return self._parameters[arguments[0]]
            case "variables":
                return self.value(self._template["variables"][arguments[0]])
            case "resourcegroup":
                return self._group
            case "format":
                return str(arguments[0]).format(*arguments[1:])
            case "concat":
                return "".join(map(str, arguments))
            case "resourceid":
                return self._id_of(*arguments)
        raise not_played(f"the function '{node.func.id}'")

    def _id_of(self, kind: str, *names: str) -> str:
        provider, *kinds = kind.split("/")
        if len(kinds) != len(names):
            raise invalid(f"The type '{kind}' and the name '{'/'.join(names)}' have different numbers of segments")
        path = "/".join(f"{one}/{name}" for one, name in zip(kinds, names, strict=True))
        return f"{self._group['id']}/providers/{provider}/{path}"
