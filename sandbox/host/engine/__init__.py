"""Durable execution without a wire protocol: takes messages, asks for a turn, commits what was decided."""
