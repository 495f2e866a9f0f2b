"""One model of tables and fields for both shores, and what can be said about them without asking anyone."""
