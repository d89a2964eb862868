"""Certificates for Dask over TLS: made for one cluster, or checked before they are used.

Both sides of every connection trust exactly one authority and look at no host names, so an
authority signs for one installation only. Its key is thrown away once it has signed: nobody can
make another certificate for a cluster, and renewing means a new set.
"""

# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.settings import BadSettingError, Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate
    from distributed.security import Security

# The names of a Kubernetes secret of type kubernetes.io/tls, so that a folder becomes one.
CA_FILE: Final = "ca.crt"
CERTIFICATE_FILE: Final = "tls.crt"
KEY_FILE: Final = "tls.key"

LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
# Clocks of two machines differ; a certificate that begins this moment is not valid on the other.
_CLOCK_SKEW: Final = timedelta(minutes=5)
_ALL_ROLES: Final = ("scheduler", "worker", "client")


@dataclass(frozen=True, repr=False)
class Certificates:
    """The authority's certificate, one signed by it, and that one's private key: PEM each."""

    authority: str
    certificate: str
    key: str

    def security(self) -> Security:
        """What Dask takes: TLS and nothing else, in every role. No file is needed for it."""
        from distributed.security import Security  # noqa: PLC0415 - Dask is for who computes on it

        roles: dict[str, Any] = {
            f"tls_{role}_{part}": text
            for role in _ALL_ROLES
            for part, text in (("cert", self.certificate), ("key", self.key))
        }
        return Security(require_encryption=True, tls_ca_file=self.authority, **roles)

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Three new files, readable by their owner only. Raises FileExistsError, OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        contents = {
            CA_FILE: self.authority,
            CERTIFICATE_FILE: self.certificate,
            KEY_FILE: self.key,
        }
        for name in contents:
            if (folder / name).exists():
                raise FileExistsError(f"{folder / name} is there already; name an empty folder")
        for name, text in contents.items():
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(text)
        return folder / CA_FILE, folder / CERTIFICATE_FILE, folder / KEY_FILE


def make_certificates(lifetime: timedelta, hosts: Sequence[str] = LOCAL_HOSTS) -> Certificates:
    """An authority and a certificate for `hosts` (names and IP addresses), valid from now.

    Keys are ECDSA P-256: made in under a millisecond, where RSA takes up to a second.
    """
    # Some 50 ms to import, for who uses TLS.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: PLC0415

    now = datetime.now(UTC)

    def builder(name: str, issuer: str, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SKEW)
            .not_valid_after(now + lifetime)
        )

    def usage(signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs,
            key_cert_sign=signs,
            crl_sign=signs,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    signer, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name, name = "Atlas Forge Dask authority", "Atlas Forge Dask"
    authority = (
        builder(authority_name, authority_name, signer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signer.public_key()), False)
        .sign(signer, hashes.SHA256())
    )
    certificate = (
        builder(name, authority_name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs=False), critical=True)
        .add_extension(
            # the same certificate serves and connects: a worker does both
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([_host_name(host) for host in hosts]), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
        .sign(signer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificates(
        authority.public_bytes(pem).decode(),
        certificate.public_bytes(pem).decode(),
        private.decode(),
    )


def given_certificates(settings: Settings) -> Certificates:
    """Those of the scheduler_*_file settings. Raises BadSettingError for every one that is unfit.

    An expired certificate is told here: from the other side it is one more connection that closes.
    """
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - as above
        load_pem_private_key,
    )

    problems: list[str] = []
    texts: dict[str, str] = {}
    loaded: dict[str, Certificate] = {}
    for name in ("scheduler_ca_file", "scheduler_cert_file", "scheduler_key_file"):
        file = getattr(settings, name)
        try:
            texts[name] = Path(file).read_text(encoding="ascii")
            if name == "scheduler_key_file":
                key = load_pem_private_key(texts[name].encode(), password=None)
                continue
            loaded[name] = _loaded(texts[name])
        except OSError as error:
            problems.append(f"{name}: {file!r} cannot be read: {type(error).__name__}")
            continue
        except (TypeError, ValueError):
            what = "private key without a password" if name.endswith("key_file") else "certificate"
            problems.append(f"{name}: {file!r} holds no PEM {what}")
            continue
        reason = _out_of_date(loaded[name])
        if reason:
            problems.append(f"{name}: {file!r} {reason}; `atlas-forge certificates` makes new ones")
    if not problems:
        authority, own = loaded["scheduler_ca_file"], loaded["scheduler_cert_file"]
        if own.public_key() != key.public_key():
            problems.append("scheduler_key_file: is not the key of scheduler_cert_file")
        if own.issuer != authority.subject:
            problems.append("scheduler_cert_file: was not issued by scheduler_ca_file")
    if problems:
        raise BadSettingError("\n".join(problems))
    return Certificates(
        texts["scheduler_ca_file"], texts["scheduler_cert_file"], texts["scheduler_key_file"]
    )


def _loaded(text: str) -> Certificate:
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - as above

    return load_pem_x509_certificate(text.encode())


def _out_of_date(certificate: Certificate) -> str:
    """Why a certificate is not valid now; empty if it is."""
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if certificate.not_valid_before_utc > now:
        return f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    return ""


def _host_name(host: str) -> Any:
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
