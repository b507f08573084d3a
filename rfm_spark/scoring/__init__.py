"""From daily facts to R, F and M per window, boundaries, exact scores and the composite score."""
