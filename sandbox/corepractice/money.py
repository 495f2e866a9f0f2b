"""Money as the source writes it: a decimal text with two places. Sums are made in whole cents, never in floats."""

from __future__ import annotations


def written(cents: int) -> str:
    """-2000 as "-20.00"."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"


def cents(text: str) -> int:
    """ "-20.00" as -2000. ValueError for any other spelling."""
    digits = text.removeprefix("-")
    whole, _, rest = digits.partition(".")
    if len(rest) != 2 or not (whole + rest).isdecimal():
        raise ValueError("money is a decimal text with two places")
    return int(whole + rest) * (-1 if text.startswith("-") else 1)


def gst_within(amount: int) -> int:
    """The tax of one eleventh contained in an amount, in cents, rounded half up."""
    return (abs(amount) * 2 + 11) // 22 * (-1 if amount < 0 else 1)
