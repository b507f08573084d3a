"""Products of numbers with more digits than a DECIMAL holds: sign, digits and decimals apart, and nothing is rounded.

A column of these is a struct: `is_negative`, `digits` (text without zeros at its ends, "0" for zero) and `decimals`,
how many of them stand behind the point (below zero: so many zeros follow). Above 38 digits the digits are multiplied as
on paper, with limbs of nine.
"""

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

NUMBER_TEXT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,3}))?$"
MOST_DIGITS, DECIMAL_DIGITS = 36, 38
"""Of a factor, and of a DECIMAL; a factor with more is none, and its product NULL."""
LIMB_DIGITS = 9
"""Four products of such limbs, and what is carried, fit a BIGINT."""
WHOLE = f"decimal({DECIMAL_DIGITS},0)"


def exact_product(factors: Sequence[Column]) -> Column:
    """Return the product of numbers in text as a struct; NULL where one is no number or has more than 36 digits.

    >>> long = "99999999999999.123456789012345678"
    >>> factors = rows("one_text other_text", f"{long} 0.000000000000000001", "-1.5E3 2", "x 1")
    >>> product = exact_product([F.col("one_text"), F.col("other_text")])
    >>> show(factors.select("one_text", exact_text(product).alias("product")))
    | one_text                          | product                              |
    |-----------------------------------|--------------------------------------|
    | -1.5E3                            | -3E3                                 |
    | 99999999999999.123456789012345678 | 99999999999999123456789012345678E-36 |
    | x                                 | NULL                                 |
    """
    places = range(len(factors))

    def of_parts(parts: Column) -> Column:
        digits = [parts[place]["digits"] for place in places]
        fits = reduce(Column.__add__, map(F.length, digits)) <= DECIMAL_DIGITS
        short = reduce(Column.__mul__, (one.cast(WHOLE) for one in digits)).cast("string")
        decimals = reduce(Column.__add__, (parts[place]["decimals"] for place in places))
        is_negative = reduce(Column.__ne__, (parts[place]["is_negative"] for place in places))
        product = _number(is_negative, F.when(fits, short).otherwise(_long_product(digits)), decimals)
        return F.when(reduce(Column.__and__, (parts[place].isNotNull() for place in places)), product)

    return _bound(F.array(*map(significand, factors)), of_parts)


def significand(text: Column) -> Column:
    """Return a number in text as a struct, NULL where it is none."""
    bare = F.trim(text)
    exponent = F.coalesce(F.regexp_extract(bare, NUMBER_TEXT, 2).try_cast("int"), F.lit(0))
    read = F.struct(
        F.regexp_extract(bare, NUMBER_TEXT, 1).alias("mantissa"),
        exponent.alias("exponent"),
        bare.startswith("-").alias("is_negative"),
    )

    def of_read(read: Column) -> Column:
        mantissa = read["mantissa"]
        point = F.instr(mantissa, ".")
        decimals = F.when(point > 0, F.length(mantissa) - point).otherwise(0) - read["exponent"]
        digits = F.replace(mantissa, F.lit("."), F.lit(""))
        return F.when(mantissa != "", _number(read["is_negative"], digits, decimals))

    number = _bound(read, of_read)
    return _bound(number, lambda one: F.when(F.length(one["digits"]) <= MOST_DIGITS, one))


def exact_text(number: Column) -> Column:
    """Return a struct as text that Spark casts to a DECIMAL, rounding half up once: `-15E-1`."""
    sign = F.when(number["is_negative"], "-").otherwise("")
    return F.concat(sign, number["digits"], F.lit("E"), (-number["decimals"]).cast("string"))


def exact_decimal(number: Column, type_: str, decimals: int) -> Column:
    """Return a struct in a type with so many decimals; NULL where it has more, or more whole digits than the type."""
    return _bound(number, lambda one: F.when(one["decimals"] <= decimals, exact_text(one).try_cast(type_)))


def _number(is_negative: Column, digits: Column, decimals: Column) -> Column:
    """Return the struct of digits that may have zeros at both ends."""
    text = F.regexp_replace(digits, "^0+", "")
    kept = F.regexp_replace(text, "0+$", "")
    is_zero = kept == ""
    return F.struct(
        is_negative.alias("is_negative"),
        F.when(is_zero, "0").otherwise(kept).alias("digits"),
        F.when(is_zero, 0).otherwise(decimals - F.length(text) + F.length(kept)).alias("decimals"),
    )


def _bound(value: Column, use: Callable[[Column], Column]) -> Column:
    """Return what is made of a value that is computed once, however often its use names it."""
    return F.get(F.transform(F.array(value), use), F.lit(0))


def _long_product(digits: Sequence[Column]) -> Column:
    """Return the digits of the product of texts of at most 36 digits, with zeros before them."""
    limbs = reduce(_times, map(_limbs, digits))
    texts = F.transform(F.reverse(limbs), lambda limb: F.lpad(limb.cast("string"), LIMB_DIGITS, "0"))
    return F.array_join(texts, "")


def _limbs(digits: Column) -> Column:
    """Return nine digits at a time as numbers, the last ones first."""
    padded = F.lpad(digits, MOST_DIGITS, "0")
    starts = range(MOST_DIGITS - LIMB_DIGITS + 1, 0, -LIMB_DIGITS)
    return F.array(*(F.substring(padded, start, LIMB_DIGITS).cast("bigint") for start in starts))


def _times(one: Column, other: Column) -> Column:
    """Return the limbs of a product: sums of products of limbs, then what is above nine digits carried on."""
    base, zero = F.lit(10**LIMB_DIGITS), F.lit(0).cast("bigint")

    def of_both(both: Column) -> Column:
        left, right = both["left"], both["right"]

        def column(number: Column) -> Column:
            places = F.sequence(F.lit(0), F.size(right) - 1)
            return F.aggregate(
                places,
                zero,
                lambda total, place: total + F.coalesce(F.get(left, number - place), zero) * F.get(right, place),
            )

        columns = F.transform(F.sequence(F.lit(0), F.size(left) + F.size(right) - 1), column)
        start = F.struct(F.array().cast("array<bigint>").alias("limbs"), zero.alias("carry"))
        return F.aggregate(columns, start, lambda done, total: _bound(total + done["carry"], partial_step(done)))[
            "limbs"
        ]

    def partial_step(done: Column) -> Callable[[Column], Column]:
        return lambda total: F.struct(
            F.concat(done["limbs"], F.array(total % base)).alias("limbs"),
            F.call_function("div", total, base).alias("carry"),
        )

    return _bound(F.struct(one.alias("left"), other.alias("right")), of_both)
