"""Keys that wrap keys: a vault's in Azure, one from the settings on a machine of one's own."""
