"""Everything that arrives over HTTP: the app's own routes, the durable API, the host's admin API."""
