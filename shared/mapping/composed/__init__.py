"""Values put together from several fields of a record, or read out of one by the rules of another room."""
