"""Additive daily facts, the only thing windows read, and the record of what changed in them."""
