"""Named segments: every member has one segment of each set, and each segment has a summary."""
