"""One module per verb: read, stages, checks, write, result."""
