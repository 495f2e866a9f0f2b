"""Telephone numbers in the one form that machines dial (ITU-T E.164), beside the text a person wrote.

Google's libphonenumber knows which numbers exist; this asks it, and only adds what its leniency would get wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

REMEMBERED = 4_096
"""Numbers kept in memory. Families and clinics share theirs; the rest are read once, at 45 microseconds each."""

WORDS_AFTER = re.compile(r"[0-9].*[^\W\d_]")
EXTENSION = re.compile(r"[\s,;]*(?:ext|extn|extension|x)\.?\s*[0-9]{1,6}\s*$", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED)
def e164(raw: str, region: str) -> str | None:
    """A number as ``+61412345678``, read as people in ``region`` (ISO 3166, such as AU) write it; None for no number.

    Only numbers that can exist are answered. An extension is left off: E.164 has no place for one. Words behind a
    number make it none: the library would dial them ("0412 345 mum"). ValueError for a region that is not known.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no region with telephone numbers of its own")
    plain = EXTENSION.sub("", raw)
    if WORDS_AFTER.search(plain):
        return None
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
