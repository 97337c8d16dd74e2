"""How ``pocket`` is made, and an example of how to make one's own checkpoint in stable-audio-tools' format.

Each step is one command, seeded, and goes on from its checkpoint after a stop: ``python -m training.data``,
``.judge``, ``.autoencoder``, ``.diffusion``, ``.evaluate``, ``.export``; ``python -m training.all`` runs all of them.
"""

from midifrag.engine.loading.stock import leave_out_training

leave_out_training()
