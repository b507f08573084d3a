"""Reads many sources into clean lines of one shape, each with its member id or the reasons to reject it."""
