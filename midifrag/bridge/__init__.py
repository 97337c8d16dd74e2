"""The one owner of live state: takes one thing at a time, and says what became of it."""
