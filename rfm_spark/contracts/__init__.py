"""What a table or a hand-over looks like, declared once: names, types, keys, partitions, comments, checks."""
