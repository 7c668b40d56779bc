"""The built-in functions on numbers (DMN 1.4 §10.3.4.5); they run inside the decimal128 context."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
)

from engine.feel.limits import Run
from engine.feel.registry import builtin
from engine.feel.values import Days, Months, Value

_SCALES = (-6111, 6176)  # DMN 1.4 table 66
_SLOW_STEPS = 40  # what a root, a logarithm or a rounding costs
_MOST_DIGITS = 40  # of a number that has all its digits
_WIDE_DIGITS = 80  # enough for the quotients that `modulo` accepts
_ROUNDINGS = {
    "decimal": (ROUND_HALF_EVEN, "n:number, scale:number"),
    "floor": (ROUND_FLOOR, "n:number, scale:number="),
    "ceiling": (ROUND_CEILING, "n:number, scale:number="),
    "round up": (ROUND_UP, "n:number, scale:number"),
    "round down": (ROUND_DOWN, "n:number, scale:number"),
    "round half up": (ROUND_HALF_UP, "n:number, scale:number"),
    "round half down": (ROUND_HALF_DOWN, "n:number, scale:number"),
}


def whole(number: Decimal) -> int:
    """Return a whole number as int; raises ValueError for any other and for one too large to be of use."""
    if number.adjusted() > _MOST_DIGITS or number != number.to_integral_value():
        raise ValueError(number)
    return int(number)


def _register_rounding(name: str, rounding: str, parameters: str) -> None:
    @builtin(name, parameters)
    def rounded(run: Run, number: Decimal, scale: Decimal = Decimal(0)) -> Value:
        """Round to so many decimals."""
        run.charge(_SLOW_STEPS)
        places = whole(scale.to_integral_value(ROUND_DOWN) if name == "decimal" else scale)
        if not _SCALES[0] <= places <= _SCALES[1]:
            return None
        return round_number(number, places, rounding)


def round_number(number: Decimal, places: int, rounding: str) -> Decimal:
    """Return the number rounded to so many decimals, tens if negative."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return number
    wide = Context(prec=6200)
    return +number.quantize(Decimal(1).scaleb(-places, wide), rounding=rounding, context=wide)


for _name, (_rounding, _parameters) in _ROUNDINGS.items():
    _register_rounding(_name, _rounding, _parameters)


@builtin("abs", "n:any")
def absolute(_run: Run, value: Value) -> Value:
    """Return a number or duration without its sign."""
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is Decimal:
        return abs(value)
    if type(value) is Days:
        return Days(abs(value.nanos))
    return Months(abs(value.months)) if type(value) is Months else None


@builtin("modulo", "dividend:number, divisor:number")
def modulo(_run: Run, dividend: Decimal, divisor: Decimal) -> Value:
    """Return `dividend - divisor * floor(dividend / divisor)`."""
    if not divisor or dividend.adjusted() - divisor.adjusted() > _WIDE_DIGITS // 2:
        return None
    wide = Context(prec=_WIDE_DIGITS)
    quotient = wide.divide(dividend, divisor).to_integral_value(rounding=ROUND_FLOOR)
    return +wide.subtract(dividend, wide.multiply(divisor, quotient))


@builtin("sqrt", "number:number")
def sqrt(run: Run, number: Decimal) -> Value:
    """Return the square root."""
    run.charge(_SLOW_STEPS)
    return number.sqrt() if number >= 0 else None


@builtin("log", "number:number")
def log(run: Run, number: Decimal) -> Value:
    """Return the natural logarithm."""
    run.charge(_SLOW_STEPS)
    return number.ln() if number > 0 else None


@builtin("exp", "number:number")
def exp(run: Run, number: Decimal) -> Value:
    """Return e to the power of the number."""
    run.charge(_SLOW_STEPS)
    return number.exp()


@builtin("odd", "number:number")
def odd(_run: Run, number: Decimal) -> Value:
    """Return whether a whole number is odd."""
    return not even(_run, number)


@builtin("even", "number:number")
def even(_run: Run, number: Decimal) -> Value:
    """Return whether a whole number is even."""
    return number.adjusted() > _MOST_DIGITS or whole(number) % 2 == 0
