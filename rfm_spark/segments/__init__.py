"""Named segments: every member of the population in exactly one per set, and what the segments sum up to."""
