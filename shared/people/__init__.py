"""People: how they may be reached, which of their numbers are sensitive, and when two records are one person."""
