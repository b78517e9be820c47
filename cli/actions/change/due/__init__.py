"""What is due by a schedule, and is led on."""
