"""Naive twins of the product in plain Python, written from the meaning of the numbers and not from the Spark code.

Nothing here imports pyspark, pandas or the stages: only the standard library and the configuration classes. Amounts
are Decimal, everything that is divided is a Fraction, so no comparison depends on a rounding that nobody asked for.
"""
