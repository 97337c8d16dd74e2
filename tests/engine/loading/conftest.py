from tests.engine.hub_fixtures import cache_folder, no_hub, server

__all__ = ["cache_folder", "no_hub", "server"]
