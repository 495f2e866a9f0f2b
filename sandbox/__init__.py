"""The toy town: stand-ins for every outside system, and a local host for the app. Never imports the app."""
