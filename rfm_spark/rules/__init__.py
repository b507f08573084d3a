"""The one rule grammar of sources, segments and audiences: parsed, checked over a grid, compiled to Columns."""
