"""The one rule grammar of sources, segments and audiences: read, checked over a grid, compiled to Columns."""
