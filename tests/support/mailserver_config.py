"""Configuration files of the private Postfix and Dovecot in mailserver.py. Nothing here runs anything."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# chroot (fifth column) is off everywhere: outside the normal queue the jail has no files to run with
MASTER = """\
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/postfix/queue
data_directory = {base}/postfix/data
maillog_file = {base}/postfix.log
maillog_file_prefixes = {base}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.shop.test
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {domains}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:this server delivers to its own domains only
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions =
  check_recipient_access hash:{base}/postfix/etc/recipients,
  check_recipient_access regexp:{base}/postfix/etc/built_in,
  permit
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
# a test has no use for the brakes of a public server
in_flow_delay = 0
lmtp_destination_concurrency_limit = 4
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtputf8_enable = no
"""

DOVECOT = """\
protocols = imap lmtp submission
listen = 127.0.0.1, 127.0.0.2, 127.0.0.3
base_dir = {base}/dovecot/run
state_dir = {base}/dovecot/state
log_path = {base}/dovecot.log
instance_name = {base}
mail_location = maildir:%h/Maildir
mail_home = {base}/mail/%u
mail_uid = dovecot
mail_gid = dovecot
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_username_format = %Lu
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{base}/tls/good.pem
ssl_key = <{base}/tls/key.pem
local 127.0.0.2 {{
  ssl_cert = <{base}/tls/expired.pem
}}
local 127.0.0.3 {{
  ssl_cert = <{base}/tls/other.pem
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {base}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN username_format=%Lu {base}/users/%Lu
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {base}/users/%Lu
}}
userdb {{
  driver = static
  args = uid=dovecot gid=dovecot home={base}/mail/%u allow_all_users=yes
}}
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
  mail_max_userip_connections = 200
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=0
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {smtp}
submission_relay_trusted = yes
submission_max_mail_size = 0
hostname = mx.shop.test
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  service_count = 0
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
# wrong passwords are part of the tests: no growing penalty for the address they come from
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

OAUTH = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={base}/keys/
username_attribute = email
issuers = {issuer}
"""

BUILT_IN_REFUSALS = """\
/^refused/ 550 5.1.1 No such user here
/^greylisted/ 451 4.7.1 Greylisted, please try again in 60 seconds
/^busy/ 421 4.3.2 Too busy, come back later
"""


def write(base: Path, ports: dict[str, int], domains: tuple[str, ...], size: int) -> None:
    """All files of one instance below `base`, owned as the daemons insist on."""
    for name in ("postfix/etc", "postfix/queue", "postfix/data", "dovecot", "users", "mail", "tls"):
        (base / name).mkdir(parents=True, exist_ok=True)
    shutil.chown(base / "postfix/data", "postfix")
    for name in ("mail", "users"):
        shutil.chown(base / name, "dovecot", "dovecot")
    if not (base / "tls/key.pem").exists():
        write_certificates(base / "tls")
    values = {"base": base, "domains": ", ".join(domains), "size": size, **ports}
    (base / "postfix/etc/master.cf").write_text(MASTER.format(**values))
    (base / "postfix/etc/main.cf").write_text(MAIN.format(**values))
    (base / "postfix/etc/built_in").write_text(BUILT_IN_REFUSALS)
    (base / "dovecot.conf").write_text(DOVECOT.format(**values))


def write_oauth(base: Path, key: bytes, issuer: str) -> None:
    """The key stands where Dovecot looks it up: <azp or default>/<alg>/<kid or default>, in base64."""
    (base / "oauth2.conf").write_text(OAUTH.format(base=base, issuer=issuer))
    path = base / "keys/default/HS256/default"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64encode(key))


def write_certificates(folder: Path) -> None:
    """Three self-signed certificates over one key: a good one, an expired one, one for another host."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "key.pem").chmod(0o600)
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    second = [x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
    plans: list[tuple[str, list[x509.GeneralName], dt.datetime]] = [
        ("good", [*local], now + 365 * day),
        ("expired", [*second], now - day),
        ("other", [x509.DNSName("other.test")], now + 365 * day),
    ]
    bundle = b""
    for name, names, until in plans:
        certificate = _certificate(key, name, names, now - 30 * day, until).public_bytes(pem)
        (folder / f"{name}.pem").write_bytes(certificate)
        bundle += certificate
    (folder / "ca.pem").write_bytes(bundle)


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    name: str,
    names: list[x509.GeneralName],
    start: dt.datetime,
    until: dt.datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.otklik.test")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
