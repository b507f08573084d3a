"""The configuration: how it is read, what shape it has, and its schema for editors."""
