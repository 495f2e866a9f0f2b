"""Whether money is the same before and after, to the cent (N17)."""
