"""What is written, in which order, and what became of every row."""
