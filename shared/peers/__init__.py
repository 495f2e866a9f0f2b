"""The other processes of the app, as far as they get into each other's way."""
