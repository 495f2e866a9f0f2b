"""The task hub: one SQLite file that holds everything an instance is. Statements only; no rules of orchestration."""
