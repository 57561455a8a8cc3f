"""What `everafter up` runs on one machine: embedded servers, the processes, and their end."""
