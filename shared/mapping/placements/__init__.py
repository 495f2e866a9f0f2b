"""The default place of every field we know, as data, subject by subject: what is not up for guessing."""
