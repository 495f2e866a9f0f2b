"""Which inline styles stay: those the target's editor offers and that cannot make words disappear.

A hidden word in a clinical note is worse than a plain one, so what can hide (display, size, position, background) goes,
and a colour stays only where it can be read on white paper.
"""

from __future__ import annotations

import re

KEPT = {
    "font-weight": re.compile(r"bold|bolder|[6-9]00"),
    "font-style": re.compile(r"italic|oblique"),
    "text-decoration": re.compile(r"underline|line-through"),
    "text-align": re.compile(r"left|center|right|justify"),
}

COLOURS = {
    "black": "#000000",
    "blue": "#0000ff",
    "brown": "#a52a2a",
    "crimson": "#dc143c",
    "darkblue": "#00008b",
    "darkgreen": "#006400",
    "darkred": "#8b0000",
    "gray": "#808080",
    "green": "#008000",
    "grey": "#808080",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "purple": "#800080",
    "red": "#ff0000",
    "teal": "#008080",
}

LEAST_CONTRAST = 3.0
"""WCAG 2.1, success criterion 1.4.3, for large text: pure red (4.0) is in, yellow (1.07) and white are out."""

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
RGB = re.compile(r"rgb\( *([0-9]{1,3}) *, *([0-9]{1,3}) *, *([0-9]{1,3}) *\)")


def safe_style(style: str) -> str | None:
    """The declarations that stay, in one form and the order they came in, each property once; None when none does."""
    kept: dict[str, str] = {}
    for declaration in style.lower().split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        value = value.removesuffix("!important").strip()
        if name == "text-decoration-line":
            name = "text-decoration"
        if name == "color" and (colour := _legible(value)):
            kept[name] = colour
        elif name in KEPT and KEPT[name].fullmatch(value):
            kept[name] = value
    return ";".join(f"{name}:{value}" for name, value in kept.items()) or None


def _legible(value: str) -> str | None:
    """A colour as ``#rrggbb`` when it can be read on white."""
    value = COLOURS.get(value, value)
    if HEX.fullmatch(value):
        digits = value[1:] if len(value) == 7 else "".join(digit * 2 for digit in value[1:])
        levels = [int(digits[place : place + 2], 16) for place in (0, 2, 4)]
    elif rgb := RGB.fullmatch(value):
        levels = [min(255, int(level)) for level in rgb.groups()]
    else:
        return None
    red, green, blue = (_linear(level / 255) for level in levels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#{:02x}{:02x}{:02x}".format(*levels) if 1.05 / (luminance + 0.05) >= LEAST_CONTRAST else None


def _linear(level: float) -> float:
    """The light that an sRGB level gives off (IEC 61966-2-1)."""
    return level / 12.92 if level <= 0.04045 else float(((level + 0.055) / 1.055) ** 2.4)
