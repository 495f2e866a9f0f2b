"""The mind: every decision as pure functions on frozen values, and the few doors that touch the world."""
