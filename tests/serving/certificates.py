"""A certificate as one makes it for a machine of one's own, for the tests of encrypted lines."""

from __future__ import annotations

import trustme


def make_certificate(folder, *names):
    """Files in ``folder``: the certificate of a machine with these names, its key, and what a client trusts it by."""
    authority = trustme.CA()
    made = authority.issue_cert(*names)
    certificate, key, trusted = (folder / name for name in ("studio.pem", "studio-key.pem", "trusted.pem"))
    certificate.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    trusted.write_bytes(authority.cert_pem.bytes())
    return certificate, key, trusted
