"""How segments moved: transitions between tracked dates, intervals and causes."""
