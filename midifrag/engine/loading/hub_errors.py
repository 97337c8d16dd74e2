"""What went wrong between this machine and the hub, as a sentence that says what happened and what to do next."""

from __future__ import annotations

import contextlib
import errno
import http
import re
from collections.abc import Iterator, Sequence

from huggingface_hub import constants, errors

from midifrag.engine.loading import download, transfer
from midifrag.errors import HubError

#: What plays without any download.
UNTIL_THEN = "Until then, play a built-in model: pocket or sketch."
_ONCE = "what has been downloaded once is used without a network from then on"
_KEPT = "What has arrived is kept, and the next start goes on from there"
_RETRY_AFTER = re.compile(r"t=(\d+)")


class AbsentError(HubError):
    """The repository is there and has none of the files."""


@contextlib.contextmanager
def explaining(repository: str, revision: str | None, missing: Sequence[str] = ()) -> Iterator[None]:
    """Whatever goes wrong becomes a `HubError` that says what to do; ``missing`` as in `explained`."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:  # the HTTP library beneath differs between releases of huggingface_hub
        raise explained(error, repository, revision or constants.DEFAULT_REVISION, missing) from error


def explained(error: Exception, repository: str, revision: str, missing: Sequence[str] = ()) -> HubError:
    """The error of a look-up or a download of ``repository`` in a performer's words.

    ``missing`` is what a part of it that is on this machine lacks.
    """
    if isinstance(error, HubError):
        return error
    lacks = f"is not whole on this machine (it lacks {', '.join(missing)})" if missing else "is not on this machine yet"
    text = _of_a_download(error, repository, lacks) or _of_the_hub(error, repository, revision, lacks)
    text = text or _of_a_status(error, repository) or _of_the_network(error, repository, lacks)
    text = text or _of_the_disk(error, repository)
    if text is None:
        text = (
            f"The download of {repository} was cut off ({_line(error)}). Nothing broken was kept. Start again on a "
            "steady connection; what arrived whole is not downloaded twice."
        )
    return HubError(text)


def _of_a_download(error: Exception, repository: str, lacks: str) -> str | None:
    if isinstance(error, transfer.NoAnswerError):
        return _unreachable(repository, lacks, f"nothing came for {transfer.PATIENCE:g} s")
    if isinstance(error, transfer.CutOffError):
        return (
            f"The download of {repository} was cut off again and again ({error.name}: {error}). "
            f"{_KEPT}. Start again on a steady connection."
        )
    if isinstance(error, transfer.StandstillError) and not error.received:
        return _unreachable(repository, lacks, f"nothing came for {transfer.PATIENCE:g} s")
    if isinstance(error, transfer.StandstillError):
        return (
            f"The download of {repository} came to a standstill ({error.name}: {error}, and "
            f"hardly any in the last {transfer.PATIENCE:g} s). {_KEPT}. Start again on a better connection."
        )
    if isinstance(error, download.DamagedError):
        return (
            f"{error} of {repository} arrived twice with a wrong checksum, and was thrown away. Something between "
            "here and the hub changes what it sends: a proxy, a virus scanner, a bad cable. Try another network."
        )
    if isinstance(error, download.BusyError):
        return (
            f"Another program is fetching {repository} and has not moved for {2 * transfer.PATIENCE:g} s. End it, "
            f"or delete {error.lock}, and start again."
        )
    if isinstance(error, download.FullDiskError):
        return (
            f"The download of {repository} needs {_size(error.needed)}, and {_size(error.free)} are free in "
            f"{error.folder}. Free some disk space there, or set HF_HOME to a folder on a bigger disk."
        )
    if isinstance(error, transfer.ForeignAnswerError):
        return (
            f"What answers at {constants.ENDPOINT} is not the hub: perhaps a page to log in to this network, or a "
            "proxy. Open a browser and log in, or take another network, and start again."
        )
    return None


def _of_the_hub(error: Exception, repository: str, revision: str, lacks: str) -> str | None:
    page = f"{constants.ENDPOINT}/{repository}"
    status = status_of(error)
    if isinstance(error, errors.GatedRepoError):
        return (
            f"The model {repository} is gated: its owner wants its licence accepted first. Open {page} in a browser, "
            "log in and accept the licence; then make a read token in the account's settings and hand it over, once, "
            "with `hf auth login` or in the environment variable HF_TOKEN. After that it downloads by itself."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"The model {repository} has no revision {revision}. See {page}/tree/main for what there is."
    if isinstance(error, errors.DisabledRepoError):
        why = f"Its page may say why: {page}. Choose another model."
        return f"The hub has closed access to {repository} for everybody. {why}"
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        return (
            f"The hub knows no model {repository}, or it is private and no valid token was sent. Check the spelling "
            f"({page}); for a private model run `hf auth login` or set HF_TOKEN to a token that may read it."
        )
    if isinstance(error, errors.HFValidationError):
        return f"{repository!r} is not the name of a hub repository. It looks like owner/name."
    if isinstance(error, errors.OfflineModeIsEnabled):
        return (
            f"The model {repository} {lacks}, and the hub ({constants.ENDPOINT}) cannot be reached, "
            "as HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids it in the environment. Take that away, connect to the "
            f"network and start again: {_ONCE}. {UNTIL_THEN}"
        )
    return None


def _of_a_status(error: Exception, repository: str) -> str | None:
    """The hub answered with a number."""
    status = status_of(error)
    if status is None:
        return None
    try:
        named = f"{status}, {http.HTTPStatus(status).phrase}"
    except ValueError:
        named = str(status)
    if status == 403:
        return (
            f"The hub does not let this account read {repository} ({named}). Ask its owner for access, or hand over "
            "a token that may read it, with `hf auth login` or in HF_TOKEN."
        )
    if status == 429:
        wait = _asked_wait(error)
        when = "in a few minutes" if wait is None else f"in {wait} s"
        return (
            f"The hub was asked too much from this network or account ({named}). Start again {when}; with "
            f"`hf auth login` it allows more. {UNTIL_THEN}"
        )
    if status >= 500 or status == 408:
        return (
            f"The hub is in trouble ({named}); nothing is wrong here. Start again in a few minutes: what has arrived "
            f"is kept. {UNTIL_THEN}"
        )
    return f"The hub refuses {repository} ({named}: {_line(error)}). See {constants.ENDPOINT}/{repository}."


def _of_the_network(error: Exception, repository: str, lacks: str) -> str | None:
    """What the HTTP library beneath raises, by name: it differs between releases of ``huggingface_hub``."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutException" in names:
        return _unreachable(repository, lacks, f"nothing came for {transfer.PATIENCE:g} s")
    if "ConnectError" in names and "certificate" in str(error).lower():
        return (
            f"The hub's certificate was not accepted ({_line(error)}). Set this machine's clock right, or open a "
            "browser and log in to this network, and start again."
        )
    if names & {"ConnectError", "ProxyError", "UnsupportedProtocol"}:
        return _unreachable(repository, lacks, _line(error))
    return None


def _of_the_disk(error: Exception, repository: str) -> str | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    place = constants.HF_HUB_CACHE
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            f"The download of {repository} could not be stored: {place} may not be written ({_line(error)}). "
            "Change its permissions, or set HF_HOME to a folder of your own."
        )
    return (
        f"The download of {repository} could not be stored in {place} ({_line(error)}). Free some disk space there, or "
        "set HF_HOME to a folder on a bigger disk."
    )


def _unreachable(repository: str, lacks: str, why: str) -> str:
    return (
        f"The model {repository} {lacks}, and the hub ({constants.ENDPOINT}) cannot be reached "
        f"({why}). Connect to the network and start again: {_ONCE}. {UNTIL_THEN}"
    )


def status_of(error: Exception) -> int | None:
    """The HTTP status behind an error; the hub answers 401 for what does not exist, lest names be guessed."""
    return error.response.status_code if isinstance(error, errors.HfHubHTTPError) else None


def _asked_wait(error: Exception) -> int | None:
    """The seconds that the hub asks to wait, as its headers say it."""
    headers = error.response.headers if isinstance(error, errors.HfHubHTTPError) else {}
    after, limit = headers.get("Retry-After", ""), _RETRY_AFTER.search(headers.get("RateLimit", ""))
    return int(after) if after.isdecimal() else int(limit[1]) if limit else None


def _line(error: Exception) -> str:
    """The first line of what an error says that says something."""
    lines = (line.strip() for line in str(error).splitlines())
    return next(filter(None, lines), type(error).__name__).rstrip(".")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
