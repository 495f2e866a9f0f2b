"""Government identifiers: their names, how much of one may be shown, and which unknown columns seem to hold one.

A private organisation may not adopt such a number as its own, nor use or disclose it beyond narrow exceptions
(Australian Privacy Principle 9); tax file numbers and healthcare identifiers have laws of their own. So they are never
a key here, and leave the source masked unless the practice says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

GOVERNMENT_IDENTIFIERS = {
    "medicare_number": "Medicare card number",
    "medicare_irn": "Medicare individual reference number",
    "medicare_reference": "Medicare individual reference number",
    "dva_number": "Veterans' Affairs file number",
    "veterans_number": "Veterans' Affairs file number",
    "ihi": "Individual Healthcare Identifier",
    "ihi_number": "Individual Healthcare Identifier",
    "healthcare_identifier": "Individual Healthcare Identifier",
    "tfn": "Tax file number",
    "tax_file_number": "Tax file number",
    "crn": "Centrelink customer reference number",
    "centrelink_number": "Centrelink customer reference number",
    "pension_number": "Pension or concession card number",
    "concession_number": "Pension or concession card number",
    "health_care_card": "Pension or concession card number",
    "drivers_licence": "Driver's licence number",
    "driver_licence_number": "Driver's licence number",
    "passport_number": "Passport number",
    "ndis_number": "National Disability Insurance Scheme number",
    "nhi_number": "National Health Index number (New Zealand)",
    "nhs_number": "NHS number (United Kingdom)",
    "ppsn": "Personal Public Service Number (Ireland)",
    "ssn": "Social Security number (United States)",
}
"""Field names as this product writes them, and what the number is."""

MASK = "•"
SHORTEST_SHOWN = 6


def identifier_named(field: str) -> str | None:
    """What identifier a field's own name says it holds: "Medicare No." and "medicareNumber" alike; None for none."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field.removeprefix("custom_fields."))
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower().replace("'", "").replace("’", "")).strip("_")
    tried = (plain, re.sub(r"_(?:no|num|nr|id)$", "_number", plain), f"{plain}_number")
    return next((GOVERNMENT_IDENTIFIERS[name] for name in tried if name in GOVERNMENT_IDENTIFIERS), None)


def masked(identifier: str) -> str:
    """An identifier of which the last quarter can be read: two to four characters, and none of a short one.

    Enough for a receptionist to tell one card from another with the patient at the desk; too little to look the number
    up, to work it out from its check digit, or to claim with it. Spaces and punctuation go, so that the mask gives away
    no more than the length.
    """
    plain = re.sub(r"[\W_]", "", identifier)
    shown = min(4, max(2, len(plain) // 4)) if len(plain) >= SHORTEST_SHOWN else 0
    return MASK * (len(plain) - shown) + plain[len(plain) - shown :]


def looks_like_medicare(text: str) -> bool:
    """Whether a text passes for a Medicare card number: ten digits, or eleven with the reference number.

    The first digit is 2 to 6; the ninth is the sum of the first eight, weighted 1 3 7 9 1 3 7 9, modulo ten. One in
    twenty random texts of digits passes, so it speaks about a column, not about a value.
    """
    digits = _digits(text)
    return (
        len(digits) in (10, 11)
        and digits[0] in "23456"
        and _weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])
    )


def looks_like_tfn(text: str) -> bool:
    """Whether a text passes for a tax file number: nine digits whose weighted sum (1 4 3 7 5 8 6 9 10) 11 divides."""
    digits = _digits(text)
    return len(digits) == 9 and digits != "0" * 9 and _weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def looks_like_ihi(text: str) -> bool:
    """Whether a text is an Individual Healthcare Identifier: 800360, nine digits, and Luhn's check digit."""
    digits = _digits(text)
    if len(digits) != 16 or not digits.startswith("800360"):
        return False
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


CHECKS = (
    ("Individual Healthcare Identifier", looks_like_ihi),
    ("Medicare card number", looks_like_medicare),
    ("Tax file number", looks_like_tfn),
)

FEWEST, NEARLY_ALL = 5, 0.9
"""Five numbers pass one of these checks by chance in fewer than one column of 100,000."""


def identifier_in(texts: Iterable[str]) -> str | None:
    """What identifier a column of texts seems to hold, by check digits: for a warning on a column nobody named.

    None when fewer than five different texts are there, or when fewer than nine in ten of them pass one check.
    """
    different = {text.strip() for text in texts} - {""}
    if len(different) < FEWEST:
        return None
    for name, passes in CHECKS:
        if sum(map(passes, different)) >= NEARLY_ALL * len(different):
            return name
    return None


def _digits(text: str) -> str:
    """The digits of a text that has nothing else but spaces, dashes and slashes; else nothing."""
    plain = re.sub(r"[ \-/]", "", text)
    return plain if re.fullmatch("[0-9]+", plain) else ""


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
