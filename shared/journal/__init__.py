"""What we are about to change, and how to put it back: written before the change, settled after."""
