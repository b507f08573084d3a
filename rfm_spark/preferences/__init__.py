"""Preferences: the tag values that each member buys and looks at most."""
