"""How as-of dates are made: what is due, in which chunks, with which checks, and when they are published."""
