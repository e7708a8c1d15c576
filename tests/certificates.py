"""Throw-away certificates, made by openssl: each is its own authority."""

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["certificate_for"]

_CA = """
[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = named
[named]
commonName = supplied
"""


def _openssl(folder: Path, *arguments: str) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("making a certificate needs openssl")
    subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)


def certificate_for(
    folder: Path, name: str, first_day: str = "20200101", last_day: str = "20491231"
) -> Path:
    """A key and a certificate of this host that vouches for itself, in one file; skips without openssl.

    The days are ``YYYYMMDD``.
    """
    folder.mkdir()
    (folder / "ca.cnf").write_text(_CA)
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01")
    kind = "IP" if name[0].isdigit() else "DNS"
    (folder / "ext.cnf").write_text(f"subjectAltName = {kind}:{name}\n")
    request = ("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}")
    _openssl(folder, *request, "-keyout", "key.pem", "-out", "request.pem")
    sign = ("ca", "-batch", "-selfsign", "-config", "ca.cnf", "-extfile", "ext.cnf", "-notext")
    days = ("-startdate", f"{first_day}000000Z", "-enddate", f"{last_day}000000Z")
    files = ("-keyfile", "key.pem", "-in", "request.pem", "-out", "certificate.pem")
    _openssl(folder, *sign, *days, *files)
    both = folder / "both.pem"
    both.write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    return both
