"""What tests, benchmarks and pictures of the page share: a JACK server and a browser of their own; and small makers."""
