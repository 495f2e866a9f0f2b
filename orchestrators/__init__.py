"""The story: what happens, in what order, and who is asked. It follows decisions; it never makes them."""
