"""The classic (JSON, schema 2) protocol between the extension and the 1.x SDK, and the extension's side of its replay."""
