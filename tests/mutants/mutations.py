"""All mutants of the domain: one small change each, that a test should notice.

Not mutated are docstrings, annotations, decorators, asserts (they are for mypy), `__all__`, the grids (each cell of
theirs has a golden record), sentences for people, and texts with values in them.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import CodeType

SOURCES = Path(__file__).parents[2] / "src"
PACKAGE = "callbridge/domain"
_CODE = re.compile(r"[a-z]+([._][a-z]+)*")
"""A string that is a stable code."""
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_SIGNS: dict[type[ast.AST], str] = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is"},
    **{ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.Add: "+", ast.Sub: "-", ast.Mult: "*"},
    **{ast.Div: "/", ast.BitOr: "|", ast.BitAnd: "&", ast.And: "and", ast.Or: "or"},
}


@dataclass(frozen=True)
class Mutant:
    """Known by where it is and what it does, and not by a line's number, which any change moves."""

    module: str
    function: str
    """With its class; `-` outside of all."""
    line: str
    """The source's, stripped."""
    change: str
    number: int = 1
    """Of several that are the same by all that."""
    index: int = 0
    """Among all of this module, in the order in which they are found."""
    lines: tuple[int, int] = (0, 0)
    """The first and the last line of the source in which it is."""

    @property
    def name(self) -> str:
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.module} {self.function} | {self.line} | {self.change}{again}"


Found = tuple[ast.AST, str, str, Callable[[], None]]
"""The node, the function that it is in, what the change is, and how it is done to the tree."""


def _sign(operator: ast.AST) -> str:
    return _SIGNS[type(operator)]


class _Finder:
    """Walks a tree; each place yields its changes, which are done in the tree itself when called."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.inside: list[str] = []

    def walk(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                self.inside.append(node.name)
                if isinstance(node, ast.FunctionDef):
                    self.all([*node.args.defaults, *(each for each in node.args.kw_defaults if each)])
                self.block(node.body)
                self.inside.pop()
            case ast.Module():
                self.block(node.body)
            case ast.Assert() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
                pass
            case ast.AnnAssign(value=value):
                if value is not None:
                    self.all([value])
            case ast.Assign(value=value, targets=targets):
                if not _is_apart(node):
                    self.all([value, *targets])
            case _:
                self.here(node)
                for name, child in ast.iter_fields(node):
                    if isinstance(child, list) and name in ("body", "orelse", "finalbody"):
                        self.block(child)
                    elif isinstance(child, list):
                        self.all([each for each in child if isinstance(each, ast.AST)])
                    elif isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                        self.walk(child)

    def all(self, nodes: list[ast.AST] | list[ast.expr]) -> None:
        for node in nodes:
            self.walk(node)

    def block(self, statements: list[ast.stmt]) -> None:
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # a docstring
            removable = isinstance(statement, ast.AugAssign | ast.Delete | ast.Continue) or (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            )
            if isinstance(statement, ast.Assign) and self.inside:
                removable = all(isinstance(target, ast.Attribute | ast.Subscript) for target in statement.targets)
            if removable:
                self.add(statement, "removed", _setter(statements, index, ast.Pass()))
            self.walk(statement)

    def add(self, node: ast.AST, change: str, do: Callable[[], None]) -> None:
        self.found.append((node, ".".join(self.inside) or "-", change, do))

    def here(self, node: ast.AST) -> None:
        match node:
            case ast.Compare(ops=ops):
                for index, op in enumerate(ops):
                    new = _COMPARED[type(op)]()
                    self.add(node, f"{_sign(op)} -> {_sign(new)}", _setter(ops, index, new))
            case ast.BoolOp(op=op):
                other = ast.Or() if isinstance(op, ast.And) else ast.And()
                self.add(node, f"{_sign(op)} -> {_sign(other)}", _changer(node, "op", other))
            case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _COMPUTED and self.inside:
                computed = _COMPUTED[type(op)]()
                self.add(node, f"{_sign(op)} -> {_sign(computed)}", _changer(node, "op", computed))
            case ast.UnaryOp(op=ast.Not()):
                self.add(node, "not ... -> ...", _changer(node, "op", _Yes()))
            case ast.If(test=test, body=body, orelse=orelse):
                if not _is_turned_by_itself(test):
                    self.add(test, "if ... -> if not ...", _changer(node, "test", _negated(test)))
                if not orelse and isinstance(body[-1], ast.Return | ast.Continue):
                    self.add(test, "if ... -> if False", _changer(node, "test", ast.Constant(False)))
            case ast.IfExp(test=test) if not _is_turned_by_itself(test):
                self.add(test, "... if ... -> ... if not ...", _changer(node, "test", _negated(test)))
            case ast.Return(value=value) if not isinstance(value, ast.Constant | None):
                self.add(node, "return ... -> return None", _changer(node, "value", ast.Constant(None)))
            case ast.Call(func=ast.Name(id=name), keywords=keywords):
                if name in _CALLED:
                    new_name = ast.Name(_CALLED[name], ast.Load())
                    self.add(node, f"{name} -> {_CALLED[name]}", _changer(node, "func", new_name))
                if name == "replace":
                    for keyword in keywords:
                        rest = [each for each in keywords if each is not keyword]
                        self.add(keyword, f"without {keyword.arg}=", _changer(node, "keywords", rest))
            case ast.Constant(value=value):
                self.constant(node, value)

    def constant(self, node: ast.Constant, value: object) -> None:
        match value:
            case bool():
                new: object = not value
            case int() | float():
                new = value + 1
            case str() if _CODE.fullmatch(value):
                new = f"x{value}"
            case _:
                return
        self.add(node, f"{value!r} -> {new!r}", _changer(node, "value", new))


class _Yes(ast.UAdd):
    """What is left of `not`: whether it is true, by `_Plain`."""


class _Plain(ast.NodeTransformer):
    """`+x` in place of a `not x` is x."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return node.operand if isinstance(node.op, _Yes) else node


def _is_apart(node: ast.Assign) -> bool:
    """`__all__`, a grid, a type's name."""
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    typed = isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name) and "Var" in node.value.func.id
    return bool(names & {"__all__", "GRID"}) or typed


def _setter(items: list[ast.stmt] | list[ast.cmpop], index: int, new: ast.AST) -> Callable[[], None]:
    def do() -> None:
        items[index] = new  # type: ignore[call-overload]

    return do


def _changer(node: ast.AST, name: str, new: object) -> Callable[[], None]:
    def do() -> None:
        setattr(node, name, new)

    return do


def _is_turned_by_itself(test: ast.expr) -> bool:
    """A mutant of its own says the opposite."""
    return isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and len(test.ops) == 1)


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def files() -> list[Path]:
    return sorted((SOURCES / PACKAGE).rglob("*.py"))


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(SOURCES).with_suffix("").parts)


def _find(tree: ast.Module) -> list[Found]:
    finder = _Finder()
    finder.walk(tree)
    return finder.found


def changes_of(source: str) -> list[str]:
    return [change for _, _, change, _ in _find(ast.parse(source))]


def _of(file: Path) -> Iterator[Mutant]:
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    seen: Counter[Mutant] = Counter()
    for index, (node, function, change, _) in enumerate(_find(ast.parse(source))):
        line = lines[node.lineno - 1].strip()  # type: ignore[attr-defined]
        mutant = Mutant(module_of(file).removeprefix("callbridge.domain."), function, line, change)
        seen[mutant] += 1
        span = node.lineno, node.end_lineno or node.lineno  # type: ignore[attr-defined]
        yield replace(mutant, number=seen[mutant], index=index, lines=span)


@cache
def mutants() -> tuple[Mutant, ...]:
    """All of them, in the order of the sources."""
    return tuple(mutant for file in files() for mutant in _of(file))


def file_of(mutant: Mutant) -> Path:
    return (SOURCES / PACKAGE / Path(*mutant.module.split("."))).with_suffix(".py")


def changed(mutant: Mutant) -> ast.Module:
    """The module with this one change in it."""
    tree = ast.parse(file_of(mutant).read_text(encoding="utf-8"))
    _find(tree)[mutant.index][3]()
    return ast.fix_missing_locations(_Plain().visit(tree))


def code_of(mutant: Mutant) -> CodeType:
    return compile(changed(mutant), str(file_of(mutant)), "exec")
