"""Which field goes where, by which rule, and why: proposed, checked, approved, then compiled once per run."""
