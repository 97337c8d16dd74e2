"""Where workers run: a thread or a child process, watched, and replaced when it dies or hangs."""
