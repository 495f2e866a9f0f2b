"""The hands: gather, ask the mind, apply."""
