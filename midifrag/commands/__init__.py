"""What the commands of ``midifrag`` do; `midifrag.cli` says what they are called and which flags they take."""
