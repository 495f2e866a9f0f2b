"""What a customer's own system is told: that a run waits, stands still or has ended. Never about whom."""
