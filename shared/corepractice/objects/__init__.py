"""The objects of Core Practice that we know, subject by subject, as data."""
