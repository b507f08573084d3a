"""How lines of sources become rows and facts."""
