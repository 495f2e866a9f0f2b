"""What travels between the story and the hands: small plain values, addresses and counts, never a record."""
