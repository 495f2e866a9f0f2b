"""The run that is killed at every point where it touches the world, and must come out as if nothing had happened."""
