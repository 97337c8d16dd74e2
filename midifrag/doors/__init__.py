"""The ways into DAWs and samplers beside MIDI and plain files: each follows what is told, and may put intents."""
