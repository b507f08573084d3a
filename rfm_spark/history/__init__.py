"""How segments moved: transitions between tracked dates, intervals, causes and trends."""
