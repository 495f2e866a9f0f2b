"""What is known about each run: its request, phase, wishes, decisions and progress."""
