"""Looks at a file and writes the `sources` that would read it, each choice with its reason, for people to check."""
