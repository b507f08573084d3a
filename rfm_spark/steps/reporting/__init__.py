"""What the report reads from the tables."""
