"""What Everafter does in a second, measured on a real installation on this machine. `python -m benchmarks --help`."""
