"""Merge fields and conditions: Jinja expressions in a closed sandbox, where empty is false.

One language for `{{ … }}` and for `If:`. Only the names, functions and filters of `sequences/README.md` exist;
there are no globals, no tests, no attributes of Python objects. Sizes are bounded before anything runs: the source
is short, `**` is refused, and `*` multiplies numbers only, so no expression can take long or grow large.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from jinja2 import TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from service.domain.sequence.filters import FILTERS

MAX_SOURCE = 500  # characters of one expression
MAX_TEXT = 2_000  # characters that `+` may make

_Call = TypeVar("_Call", bound=Callable[..., object])

CURLY_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"})


class ExpressionError(Exception):
    """An expression that cannot be read or asked; the message is one sentence."""


class Empty(Undefined):
    """A value that is not there: false, unequal to everything, and never printed in silence."""

    __slots__ = ()

    def __str__(self) -> str:
        raise UndefinedError(f"{self._undefined_name} is empty")

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return False  # "comparing with something empty is false", whichever way it is asked

    def __lt__(self, other: object) -> bool:  # type: ignore[override]
        return False

    __le__ = __gt__ = __ge__ = __lt__  # type: ignore[assignment]

    def __hash__(self) -> int:
        return 0

    def __contains__(self, item: object) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __getitem__(self, name: object) -> Empty:  # type: ignore[override]
        return self

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:
        raise ExpressionError(f"{self._undefined_name} is not a function")


class Record(Mapping[str, object]):
    """What `contact`, `event`, `form` … are inside an expression: fields by name, nothing else.

    An empty field (None or an empty text) becomes `Empty`, which knows its own name for the reason it gives.
    """

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        self._name = name
        self._values = values

    def __getitem__(self, field: str) -> object:
        value = self._values.get(field)
        return Empty(name=f"{self._name}.{field}") if value is None or value == "" else value

    def get(self, field: str, default: Any = None, /) -> Any:
        """The field for our own code, which has a default for what is empty."""
        value = self._values.get(field)
        return default if value is None or value == "" else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        raise ExpressionError(f"{self._name} is not a text; name one of its fields")


class Worded(Record):
    """A record that is a text as well: a coupon prints its code, and has `.expires`."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._name


class Sandbox(SandboxedEnvironment):
    """Jinja's sandbox with everything taken out that the language does not name."""

    intercepted_binops = frozenset({"+", "*", "**", "//", "%", "/", "-"})

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=Empty, **options)
        self.globals.clear()
        self.tests.clear()
        self.filters.clear()
        self.filters.update(FILTERS)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        return False

    def getattr(self, obj: object, attribute: str) -> object:
        """Fields of records, `.expires` and the like; never an attribute of a Python object."""
        if isinstance(obj, Empty):
            return obj
        if isinstance(obj, Record):
            return obj[attribute]
        raise SecurityError(f"there is no field {attribute!r} there")

    def getitem(self, obj: object, argument: object) -> object:
        return self.getattr(obj, str(argument))

    def is_safe_callable(self, obj: object) -> bool:
        return getattr(obj, "everafter_function", False) is True

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, Empty) or isinstance(right, Empty):
            return left if isinstance(left, Empty) else right
        if operator == "**":
            raise SecurityError("`**` is not part of the language")
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            if len(left) + len(right) > MAX_TEXT:
                raise SecurityError(f"a text longer than {MAX_TEXT} characters")
            return left + right
        if not (_is_number(left) and _is_number(right)):
            raise ExpressionError(f"`{operator}` needs two numbers")
        if isinstance(left, Decimal) != isinstance(right, Decimal):
            left, right = Decimal(str(left)), Decimal(str(right))
        return super().call_binop(context, operator, left, right)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def function(call: _Call) -> _Call:
    """Mark a callable as one that expressions may call."""
    call.everafter_function = True  # type: ignore[attr-defined]
    return call


def tidy(source: str) -> str:
    """The expression as Jinja reads it: curly quotes are quotes. Raises ExpressionError when it is too long."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"an expression of {len(source)} characters; at most {MAX_SOURCE} are read")
    return source.translate(CURLY_QUOTES).strip()


_CONDITIONS = Sandbox()


@lru_cache(maxsize=20_000)
def _compiled(source: str) -> TemplateExpression:
    try:
        return _CONDITIONS.compile_expression(tidy(source), undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"{source!r} can't be read: {error.message}") from None


@lru_cache(maxsize=20_000)
def names_in(source: str) -> frozenset[str]:
    """The names that an expression asks for. Raises ExpressionError where it can't be read."""
    _compiled(source)
    read = Parser(_CONDITIONS, tidy(source), state="variable").parse_expression()
    return frozenset(each.name for each in (read, *read.find_all(nodes.Name)) if isinstance(each, nodes.Name))


def ask(source: str, names: Mapping[str, object]) -> bool:
    """Whether a condition holds for these names. Raises ExpressionError with a sentence where it can't be asked."""
    return bool(_value(source, names))


def value_of(source: str, names: Mapping[str, object]) -> object:
    """What an expression is worth, None where it is empty. Raises ExpressionError where it can't be asked."""
    value = _value(source, names)
    return None if isinstance(value, Undefined) else value


def lacking(source: str, names: Mapping[str, object]) -> str | None:
    """The name of what is empty, where an expression is worth nothing; None where it can be printed."""
    value = _value(source, names)
    return (getattr(value, "_undefined_name", None) or "a value") if isinstance(value, Undefined) else None


def _value(source: str, names: Mapping[str, object]) -> object:
    try:
        return _compiled(source)(**names)
    except ExpressionError:
        raise
    except (SecurityError, UndefinedError, TypeError, ValueError, ArithmeticError) as error:
        raise ExpressionError(f"{source!r} can't be asked: {error}") from None
