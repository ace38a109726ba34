"""The search's inner loops: the same arithmetic compiled and plain, on arrays alone."""
