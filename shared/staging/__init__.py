"""What waits between the shores: records in compressed, checksummed shards, and the run's documents."""
