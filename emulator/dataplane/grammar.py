"""The grammar of queries and of the filters of event routes. Its sources are named in `emulator.dataplane.language`."""

from __future__ import annotations

from functools import cache

from lark import Lark

_GRAMMAR = r"""
query: SELECT [top] columns FROM (twins | relationships) [WHERE either]
     | SELECT top FROM (twins | relationships) [WHERE either]
top: TOP "(" INT ")"
columns: "*" -> everything | COUNT "(" ")" -> count | column ("," column)*
column: path [AS name]
relationships: RELATIONSHIPS [name]
twins: DIGITALTWINS [name] (join* | match)
join: JOIN name RELATED path [name]
match: MATCH node (edge node)*
node: "(" [name] ")"
edge: (LEFT | LINE) [variable] [names] [hops] (RIGHT | END)
variable: name
names: ":" name ("|" name)* | name ("|" name)+
hops: "*" INT -> exactly | "*" [INT] ".." INT -> up_to

condition: either
?either: both (OR both)*
?both: negated (AND negated)*
?negated: NOT negated -> negation | "(" either ")" | test
?test: path COMPARE operand -> comparison
     | path IN set -> among
     | path NIN set -> not_among
     | FUNCTION "(" [operand ("," operand)*] ")" -> call
     | (TRUE | FALSE) -> constant
set: "[" literal ("," literal)* "]"
?operand: literal | path
literal: STRING | NUMBER | TRUE | FALSE | NULL
path: name ("." name)*
?name: NAME | ESCAPED

COMPARE: "<=" | ">=" | "!=" | "=" | "<" | ">"
LEFT: "<-["
LINE: "-["
RIGHT: "]->"
END: "]-"
INT: /\d+/
NUMBER: /-?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])/
STRING: /'(?:[^'\\]|\\.)*'/s
ESCAPED: /\[\[[^\]]+\]\]/
NAME: /[$A-Za-z_][\w$]*/
FUNCTION.1: /[A-Za-z_]\w*(?=\s*\()/
%ignore /\s+/
"""
KEYWORDS = (
    "SELECT FROM WHERE TOP COUNT AS DIGITALTWINS RELATIONSHIPS JOIN RELATED MATCH AND OR NOT IN NIN TRUE FALSE NULL"
)
RESERVED = (
    "ALL AND AS ASC AVG BY COUNT DESC DEVICES_JOBS DEVICES_MODULES DEVICES ENDS_WITH FALSE FROM GROUP IN IS_BOOL "
    "IS_DEFINED IS_NULL IS_NUMBER IS_OBJECT IS_PRIMITIVE IS_STRING MAX MIN NOT NOT_IN NULL OR ORDER SELECT STARTS_WITH "
    "SUM TOP TRUE WHERE IS_OF_MODEL"
)
_BEFORE_PARENTHESES = dict.fromkeys(("COUNT", "TOP"), r"(?=\s*\()")
_TERMINALS = "\n".join(rf"{word}.2: /{word}(?![\w$]){_BEFORE_PARENTHESES.get(word, '')}/i" for word in KEYWORDS.split())


@cache
def parser() -> Lark:
    """Return the parser. To make it takes a tenth of a second, which a start need not wait for."""
    return Lark(_GRAMMAR + _TERMINALS, parser="lalr", start=["query", "condition"], maybe_placeholders=True)
