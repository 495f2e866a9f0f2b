"""The sample, and the comparison of what should be there with what is."""
