"""Tables and hand-overs between stages, declared once: names, types, keys, partitions, comments, checks."""
