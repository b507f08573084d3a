"""History of segments: what is due, why members moved, what is written, and when dates are published."""
