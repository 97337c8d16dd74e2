"""From a configuration, a checkpoint and the hub to a model in memory."""
