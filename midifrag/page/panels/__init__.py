"""What a browser shows, one panel a file."""
