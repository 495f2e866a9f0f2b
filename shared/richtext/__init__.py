"""Formatted notes: made safe, made to fit, and given the line that says who wrote them."""
