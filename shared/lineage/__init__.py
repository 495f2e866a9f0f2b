"""Where a row of the target comes from, by which rule, who approved it, and what happened to it since (N25)."""
