"""Addresses, numbers and mail names with the shapes Australian systems check for."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from operator import mul

from sandbox.corepractice.chance import Dice
from sandbox.corepractice.names import NEARBY, STREET_KINDS, STREETS, SUBURBS
from sandbox.corepractice.shapes import ADDRESS, Record

_MEDICARE_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9)
_PROVIDER_WEIGHTS = (3, 5, 8, 4, 2, 1)
_PROVIDER_LOCATIONS = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
_PROVIDER_CHECKS = "YXWTLKJHFBA"


def mobile(dice: Dice) -> str:
    """A mobile number, written one of the ways people write them."""
    digits = "04" + dice.digits(8)
    way = dice.below(6)
    if way == 0:
        return digits
    if way == 1:
        return f"+61 {digits[1:4]} {digits[4:7]} {digits[7:]}"
    return f"{digits[:4]} {digits[4:7]} {digits[7:]}"


def landline(dice: Dice) -> str:
    digits = dice.digits(8)
    return f"(02) {digits[:4]} {digits[4:]}" if dice.maybe(0.8) else f"02{digits}"


def address(dice: Dice) -> Record:
    """The six address fields; one in eight has a second line, one in two hundred is abroad."""
    street = f"{1 + dice.below(400)} {dice.of(STREETS)} {dice.of(STREET_KINDS)}"
    suburb, state, postcode = dice.of(SUBURBS if dice.maybe(0.1) else NEARBY)
    unit = f"Unit {1 + dice.below(40)}" if dice.maybe(0.125) else None
    lines = (unit, street) if unit else (street, None)
    here = (suburb, state, postcode, "Australia")
    place = ("Auckland", None, "1010", "New Zealand") if dice.maybe(0.005) else here
    return dict(zip(ADDRESS, (*lines, *place), strict=True))


def medicare_number(dice: Dice) -> str:
    """Ten digits whose ninth is the checksum of the eight before it, and the issue number."""
    digits = f"{2 + dice.below(5)}{dice.digits(7)}"
    check = sum(map(mul, map(int, digits), _MEDICARE_WEIGHTS)) % 10
    return f"{digits[:4]} {digits[4:]}{check} {1 + dice.below(9)}"


def dva_number(dice: Dice) -> str:
    """Veterans' file number: state, war code, digits, and a letter for dependants."""
    return f"{dice.of('NVQSWT')}{dice.of(('X', 'SM', 'SS'))}{dice.digits(6)}{dice.of(('', 'A'))}"


def provider_number(dice: Dice) -> str:
    """Medicare provider number: six digits, a practice location and a check letter."""
    stem = dice.digits(6)
    place = dice.below(len(_PROVIDER_LOCATIONS))
    total = sum(map(mul, map(int, stem), _PROVIDER_WEIGHTS)) + place * 6
    return f"{stem}{_PROVIDER_LOCATIONS[place]}{_PROVIDER_CHECKS[total % 11]}"


@lru_cache(maxsize=1024)
def mail_name(text: str) -> str:
    """A name as it stands in a mail address: ASCII letters and hyphens, lower case."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum() or letter == "-")
