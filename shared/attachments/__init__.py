"""Files of the source: where each of them goes, what is said about it, and the receipt that it arrived."""
