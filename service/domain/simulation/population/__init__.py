"""Many simulated recipients, and what policies of sending do to them in a year. All of it is assumed, not fitted."""
