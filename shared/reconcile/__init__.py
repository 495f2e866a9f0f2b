"""Proof: expectation recomputed from the staged source against what the target really holds."""
