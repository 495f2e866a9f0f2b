"""Which version of the app this is: what it writes on what people keep for years."""

VERSION = "0.1.0"
