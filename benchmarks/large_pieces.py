"""One very large file, and one very long history, where there is little else: what they take of time and memory."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.whole_migration import Measured, there_and_back

AREA = "Large pieces"
PATIENTS = 12


def measure(*, megabytes: int, notes: int) -> list[Figure]:
    """The same small practice three times: as it is, with the file, and with the history."""
    unlimited = ("--rate-limit", "off")
    plain = there_and_back(PATIENTS, *unlimited)
    with_file = there_and_back(PATIENTS, *unlimited, "--large-file-mb", str(megabytes))
    with_notes = there_and_back(PATIENTS, *unlimited, "--notes-of-one-patient", str(notes))
    return [
        Figure(AREA, "nothing large: app's peak memory", plain.app_memory, "MiB"),
        *_figures(f"a file of {megabytes} MB", with_file, plain),
        *_figures(f"{notes:,} notes of one patient", with_notes, plain),
        Figure(AREA, f"{notes:,} notes of one patient: load", with_notes.loaded_per_second, "rows/s"),
    ]


def _figures(what: str, one: Measured, plain: Measured) -> list[Figure]:
    return [
        Figure(AREA, f"{what}: load", one.watch.of("load"), "s"),
        Figure(AREA, f"{what}: prove", one.watch.of("reconcile"), "s", "twice: after the load and after the window"),
        Figure(AREA, f"{what}: roll back", one.watch.of("rollback"), "s"),
        Figure(AREA, f"{what}: app's peak memory", one.app_memory / plain.app_memory, "times", "against nothing large"),
    ]
