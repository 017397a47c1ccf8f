"""What each published model leads us to expect, beside what the scenario of that model shows."""
