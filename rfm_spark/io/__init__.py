"""Sessions, tables, staging and the run log: the only room that imports delta or writes."""
