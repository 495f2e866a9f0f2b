"""The classic (JSON, schema 2) protocol of the 1.x SDK, and the extension's side of its replay."""
