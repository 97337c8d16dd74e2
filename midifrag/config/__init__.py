"""The set on disk as frozen data: what files, environment and flags may say, and what is wrong with them."""
