"""Exact RFM scores, named segments and their history as versioned Delta tables, computed by PySpark."""

__version__ = "0.1.0"
