"""What each member prefers, and the profile that joins it with scores and segments."""
