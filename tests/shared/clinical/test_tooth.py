"""A tooth is read in the notation it was written in, or not at all."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clinical.notation import (
    ARCHES,
    AREAS,
    OF_UNIVERSAL,
    PALMER_QUADRANTS,
    TEETH,
    Notation,
    is_anterior,
    is_upper,
    of_palmer,
)
from shared.clinical.tooth import PROBLEMS, column_notation, parse

FDI, UNIVERSAL, PALMER = Notation.FDI, Notation.UNIVERSAL, Notation.PALMER

NAMES = {
    FDI: {tooth: tooth for tooth in sorted(TEETH)},
    UNIVERSAL: OF_UNIVERSAL,
    PALMER: {
        f"{quadrant}{position}": of_palmer(quadrant, position)
        for quadrant in PALMER_QUADRANTS
        for position in "12345678ABCDE"
    },
}
"""All 52 teeth as each notation names them."""


def test_n18_the_three_notations_name_the_same_52_teeth():
    for names in NAMES.values():
        assert sorted(names.values()) == sorted(TEETH)
        assert len(names) == 52
    known = {"1": "18", "8": "11", "16": "28", "17": "38", "24": "31", "32": "48", "A": "55", "J": "65", "T": "85"}
    assert {name: OF_UNIVERSAL[name] for name in known} == known
    assert (of_palmer("UR", "6"), of_palmer("LL", "E"), of_palmer("LR", "1")) == ("16", "75", "41")


def test_n18_the_confusion_matrix_of_every_tooth_in_every_notation_is_as_published():
    """Rows: how the chart was written, and what the practice stated. Columns: the right tooth, another one, none."""
    matrix = {}
    for written, names in NAMES.items():
        for stated in Notation:
            outcome: Counter[str] = Counter()
            for name, tooth in names.items():
                reading = parse(name, None, stated)
                outcome["right" if reading.teeth == (tooth,) else "wrong" if reading.teeth else "none"] += 1
                assert reading.notation is written or reading.teeth != (tooth,) or name in NAMES[stated]
            matrix[written, stated] = (outcome["right"], outcome["wrong"], outcome["none"])
    print("\nwritten   stated       right wrong none")
    for (written, stated), row in matrix.items():
        print(f"{written:10}{stated:10}" + "".join(f"{number:6}" for number in row))
    assert matrix == {
        (FDI, FDI): (52, 0, 0),
        (FDI, UNIVERSAL): (
            34,
            18,
            0,
        ),  # 11-18, 21-28, 31, 32 fit both and follow the statement: column_notation guards it
        (FDI, PALMER): (34, 0, 18),
        (UNIVERSAL, FDI): (12, 18, 22),
        (UNIVERSAL, UNIVERSAL): (52, 0, 0),
        (UNIVERSAL, PALMER): (9, 0, 43),
        (PALMER, FDI): (52, 0, 0),
        (PALMER, UNIVERSAL): (52, 0, 0),
        (PALMER, PALMER): (52, 0, 0),
    }


CORPUS = [
    # text, surfaces -> teeth, quadrant, surfaces, notation, in a practice that states FDI
    ("16", "", ("16",), "upper right", "", FDI),
    ("16", "MOD", ("16",), "upper right", "MOD", FDI),
    ("16", "dom", ("16",), "upper right", "MOD", FDI),
    ("16", "M,O,D", ("16",), "upper right", "MOD", FDI),
    ("16 MOD", None, ("16",), "upper right", "MOD", FDI),
    ("16MOD", "MOD", ("16",), "upper right", "MOD", FDI),
    ("16-MO", None, ("16",), "upper right", "MO", FDI),
    ("tooth 36 (mesial, occlusal)", None, ("36",), "lower left", "MO", FDI),
    ("21", "MIL", ("21",), "upper left", "MIL", FDI),
    ("11", "labial", ("11",), "upper right", "F", FDI),
    ("26", "BP", ("26",), "upper left", "BP", FDI),
    ("1.6", None, ("16",), "upper right", "", FDI),
    ("#16", None, ("16",), "upper right", "", FDI),
    ("36,37", None, ("36", "37"), "lower left", "", FDI),
    ("36 & 37", None, ("36", "37"), "lower left", "", FDI),
    ("36/46", None, ("36", "46"), None, "", FDI),
    ("36-38", None, ("36", "37", "38"), "lower left", "", FDI),
    ("13–23", None, ("13", "12", "11", "21", "22", "23"), None, "", FDI),
    ("54", "o", ("54",), "upper right", "O", FDI),
    ("Q1", None, (), "upper right", "", FDI),
    ("quadrant 3", None, (), "lower left", "", FDI),
    ("Q8", None, (), "lower right", "", FDI),
    ("30", None, (), "lower left", "", FDI),
    ("01", None, (), "upper arch", "", FDI),
    ("upper left", None, (), "upper left", "", FDI),
    ("Left lower", None, (), "lower left", "", FDI),
    ("LR quadrant", None, (), "lower right", "", FDI),
    ("full mouth", None, (), "whole mouth", "", FDI),
    ("UR6", None, ("16",), "upper right", "", PALMER),
    ("ur 6 mo", None, ("16",), "upper right", "MO", PALMER),
    ("upper right 6", "MO", ("16",), "upper right", "MO", PALMER),
    ("URE", None, ("55",), "upper right", "", PALMER),
    ("U/L 4, 5", None, ("24", "25"), "upper left", "", PALMER),
    ("LL4-6", None, ("34", "35", "36"), "lower left", "", PALMER),
    ("6⏌", None, ("16",), "upper right", "", PALMER),
    ("└3", "I", ("23",), "upper left", "I", PALMER),
    ("┌D", None, ("74",), "lower left", "", PALMER),
    ("8⏋", None, ("48",), "lower right", "", PALMER),
    ("A", None, ("55",), "upper right", "", UNIVERSAL),
    ("T", "MO", ("85",), "lower right", "MO", UNIVERSAL),
    ("#30", "MOD", ("46",), "lower right", "MOD", UNIVERSAL),
    ("", "", (), None, "", FDI),
    (None, None, (), None, "", FDI),
]


@pytest.mark.parametrize(("text", "surfaces", "teeth", "quadrant", "letters", "notation"), CORPUS)
def test_a32_messy_texts_are_read_and_the_notation_is_said(
    text: str | None, surfaces: str | None, teeth: tuple[str, ...], quadrant: str, letters: str, notation: Notation
):
    reading = parse(text, surfaces, FDI)
    assert (reading.teeth, reading.quadrant, reading.surfaces) == (teeth, quadrant, letters)
    assert (reading.notation, reading.problem) == (notation, None)


REFUSED = [
    ("99", None, FDI, "tooth-unknown"),
    ("19 of them", None, FDI, "tooth-only-in-universal"),
    ("56", None, FDI, "tooth-unknown"),
    ("161", None, FDI, "tooth-unknown"),
    ("various", None, FDI, "tooth-unknown"),
    ("6", None, FDI, "tooth-without-quadrant"),
    ("36,7", None, FDI, "tooth-without-quadrant"),
    ("6", None, PALMER, "tooth-without-quadrant"),
    ("C", None, PALMER, "tooth-without-quadrant"),
    ("19", None, FDI, "tooth-only-in-universal"),
    ("16", None, PALMER, "tooth-ambiguous"),
    ("B", None, FDI, "tooth-or-surface"),
    ("A, B", None, FDI, "tooth-or-surface"),
    ("3, B", None, UNIVERSAL, "tooth-or-surface"),
    ("16, UR5", None, FDI, "tooth-notations-mixed"),
    ("16-36", None, FDI, "tooth-range-unclear"),
    ("16-55", None, FDI, "tooth-range-unclear"),
    ("16-", None, FDI, "tooth-range-unclear"),
    ("MOD", None, FDI, "surfaces-without-tooth"),
    ("Q1", "MOD", FDI, "surfaces-without-tooth"),
    ("", "MOD", FDI, "surfaces-without-tooth"),
    ("16 MO, 26 DO", None, FDI, "several-surface-sets"),
    ("36", "MI", FDI, "surface-not-on-tooth"),
    ("11", "MO", FDI, "surface-not-on-tooth"),
    ("46", "P", FDI, "surface-not-on-tooth"),
    ("16,11", "O", FDI, "surface-not-on-tooth"),
]


@pytest.mark.parametrize(("text", "surfaces", "stated", "problem"), REFUSED)
def test_n18_a_wrong_tooth_is_worse_than_none(text: str, surfaces: str | None, stated: Notation, problem: str):
    reading = parse(text, surfaces, stated)
    assert (reading.teeth, reading.surfaces, reading.problem) == ((), "", problem)


@pytest.mark.parametrize(
    ("surfaces", "problem"),
    [
        ("MOX", "surface-unknown"),
        ("MOO", "surface-repeated"),
        ("BF", "surfaces-contradict"),
        ("MO, DO", "several-surface-sets"),
        ("MO B", "several-surface-sets"),
    ],
)
def test_n18_a_fault_in_the_surfaces_alone_leaves_the_tooth(surfaces: str, problem: str):
    reading = parse("16", surfaces, FDI)
    assert (reading.teeth, reading.quadrant, reading.surfaces, reading.problem) == (
        ("16",),
        "upper right",
        "",
        problem,
    )


def test_n18_every_problem_of_the_corpus_is_named_and_every_name_occurs():
    seen = {row[3] for row in REFUSED} | {
        "surface-unknown",
        "surface-repeated",
        "surfaces-contradict",
        "several-surface-sets",
    }
    assert seen == set(PROBLEMS)


def test_a32_a_universal_practice_is_read_in_universal():
    assert parse("16", None, UNIVERSAL).teeth == ("28",)
    assert parse("B", None, UNIVERSAL).teeth == ("54",)
    assert parse("3 B", None, UNIVERSAL) == parse("3", "B", UNIVERSAL)
    assert parse("A,B,C", None, UNIVERSAL).teeth == ("55", "54", "53")
    assert parse("7-10", None, UNIVERSAL).teeth == ("12", "11", "21", "22")
    assert (parse("46", None, UNIVERSAL).teeth, parse("46", None, UNIVERSAL).notation) == (("46",), FDI)


texts = st.text(st.sampled_from("0123456789URLQABCDEMOIFP ,-/&.#"), max_size=12) | st.text(max_size=12)


@given(texts, texts, st.sampled_from(Notation))
def test_n18_no_text_breaks_the_reader_and_nothing_impossible_is_read(text: str, surfaces: str, stated: Notation):
    reading = parse(text, surfaces, stated)
    assert reading.problem is None or reading.problem in PROBLEMS
    assert reading.quadrant is None or reading.quadrant in AREAS
    assert set(reading.teeth) <= TEETH
    for tooth in reading.teeth:
        assert "I" not in reading.surfaces or is_anterior(tooth)
        assert "O" not in reading.surfaces or not is_anterior(tooth)
        assert "P" not in reading.surfaces or is_upper(tooth)


@given(st.sampled_from(sorted(TEETH)), st.sampled_from(Notation), st.sampled_from(["M", "D", "MD"]))
def test_n18_every_tooth_keeps_its_name_with_surfaces_in_every_notation(tooth: str, notation: Notation, letters: str):
    name = next(name for name, meant in NAMES[notation].items() if meant == tooth)
    for text, beside in ((name, letters), (f"{name} {letters}", None)):
        reading = parse(text, beside, notation)
        assert (reading.teeth, reading.surfaces, reading.notation) == ((tooth,), letters, notation)


@pytest.mark.parametrize("arch", ARCHES)
def test_a_range_runs_along_the_arch_in_either_direction(arch: tuple[str, ...]):
    assert parse(f"{arch[0]}-{arch[-1]}", None, FDI).teeth == arch
    assert parse(f"{arch[-1]}-{arch[0]}", None, FDI).teeth == arch[::-1]


@pytest.mark.parametrize("notation", Notation)
def test_n18_a_whole_column_tells_its_own_notation(notation: Notation):
    assert column_notation(dict.fromkeys(NAMES[notation], 2)) is notation


def test_n18_a_column_that_fits_two_notations_is_left_to_a_person():
    assert column_notation({}) is None
    assert column_notation({"16": 500, "26": 200, "Q1": 30, "upper left": 9}) is None


def test_n18_slips_do_not_decide_a_column_but_a_real_mixture_stops_it():
    assert column_notation({"16": 300, "36": 200, "19": 2}) is FDI
    assert column_notation({"16": 300, "36": 20, "UR6": 19}) is None
    assert column_notation({"16": 300, "36": 2}) is None
