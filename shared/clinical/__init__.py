"""What dentists write: teeth, surfaces and item codes, read without guessing."""
