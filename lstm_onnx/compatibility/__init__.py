"""What of a file a runtime would not run, and what to do instead."""
