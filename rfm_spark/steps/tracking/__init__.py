"""How history is written: which links are due, why members moved, and the tables that follow."""
