"""The networks' arithmetic, and nothing else: denoiser, decoder, conditioning."""
