"""The evidence of a run: one archive that a practice and an auditor keep, and the program that checks it offline."""
