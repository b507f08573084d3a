"""Profiles: the one row per member and date that a profile store takes over."""
