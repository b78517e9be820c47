"""What every command does and prints; each module is named like its command."""
