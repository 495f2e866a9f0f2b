"""The audit trail: what was done in a run, by whom and when, in chains that show when a link was changed.

Ids appear as keyed hashes, everything else as names, counts and digests; a record's value never does.
"""
