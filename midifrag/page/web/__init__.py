"""The page's server: who may come in, and the files that browsers ask for."""
