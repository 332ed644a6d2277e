"""A private real Postfix and Dovecot on loopback, for tests that must not believe a fake.

    with MailServer(short_dir("mail")) as server:
        server.add_user("care@shop.test", "secret")
        server.deliver(raw, to=["care@shop.test"])
        server.wait_for("care@shop.test", 1)

Mail comes in by SMTP at `smtp_port` (Postfix) and is handed by LMTP to Dovecot, whether or not the
recipient has a password. IMAP is at `imap_port` (plain or STARTTLS) and `imaps_port`, sending at
`submission_port` (plain or STARTTLS) and `submissions_port`, both with PLAIN and XOAUTH2.
Certificates by address: 127.0.0.1 good, 127.0.0.2 expired, 127.0.0.3 made out to another name; all are
self-signed, `ca_bundle` trusts them. Addresses starting with `refused`, `greylisted` or `busy` are turned
away with 550, 451 and 421; `refuse()` and `accept()` change that for any address.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import secrets
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType

from imap_tools import MailBoxUnencrypted
from imap_tools.utils import encode_folder

from tests.support import jwt, mailserver_config

DOMAINS = ("shop.test", "mail.test")
PACKAGES = "postfix dovecot-core dovecot-imapd dovecot-lmtpd dovecot-submissiond"
NEEDED = (
    "/usr/sbin/postfix",
    "/usr/sbin/dovecot",
    "/usr/lib/dovecot/imap",
    "/usr/lib/dovecot/lmtp",
    "/usr/lib/dovecot/submission",
)
OAUTH_ISSUER = "https://accounts.test"
GOOD, EXPIRED, OTHER_NAME = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def available() -> str:
    """Empty when the servers can run here, otherwise a sentence with the reason and what to do."""
    missing = [path for path in NEEDED if not Path(path).exists()]
    if missing:
        return f"{missing[0]} is missing: apt-get install {PACKAGES}"
    if os.geteuid() != 0:
        return "Postfix and Dovecot start only as root: run the tests as root"
    return ""


def short_dir(name: str) -> Path:
    """A new directory that the servers' own users may enter, with a path short enough for a socket.

    pytest's tmp_path is neither: its parent is closed to other users.
    """
    path = Path(tempfile.mkdtemp(prefix=f"otk-{name}-", dir="/tmp"))  # noqa: S108
    path.chmod(0o755)
    return path


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, below the range the kernel gives to outgoing connections."""
    with contextlib.ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            sock = held.enter_context(socket.socket())
            try:
                port = 10_000 + secrets.randbelow(22_000)
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
        return ports


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Poll until `condition` holds; AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen within {seconds:g} s: {what}")
        time.sleep(0.02)


class MailServer:
    """See the module's text. `base_dir` must be short and open to other users (`short_dir`)."""

    def __init__(self, base_dir: Path, *, message_size_limit: int = 40_000_000) -> None:
        self.base = base_dir
        self.message_size_limit = message_size_limit
        self.host = GOOD
        self.ca_bundle = str(base_dir / "tls" / "ca.pem")
        self._key = secrets.token_bytes(32)
        self._passwords: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._set_ports()

    def _set_ports(self) -> None:
        names = ("smtp", "imap", "imaps", "lmtp", "submission", "submissions")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.smtp_port = self.ports["smtp"]
        self.imap_port = self.ports["imap"]
        self.imaps_port = self.ports["imaps"]
        self.submission_port = self.ports["submission"]
        self.submissions_port = self.ports["submissions"]

    # Start and stop -----------------------------------------------------------------------------

    def start(self) -> MailServer:
        """Write the configuration, start both, wait for their greetings; other ports if one is taken."""
        reason = available()
        if reason:
            raise RuntimeError(reason)
        for attempt in range(3):
            mailserver_config.write(self.base, self.ports, DOMAINS, self.message_size_limit)
            mailserver_config.write_oauth(self.base, self._key, OAUTH_ISSUER)
            self._write_recipients()
            try:
                self.start_imap()
                self._postfix("start")
                wait_until(lambda: self._greets(self.smtp_port, b"220"), "Postfix greets")
                return self
            except (AssertionError, RuntimeError) as error:
                self.stop()
                if attempt == 2:  # noqa: PLR2004
                    raise RuntimeError(f"mail servers did not start: {error}\n{self.log()}") from error
                self._set_ports()
        return self

    def stop(self) -> None:
        """Stop both and wait until no process of this instance is left."""
        if self._pid("postfix/queue/pid/master.pid"):
            with contextlib.suppress(RuntimeError):
                self._postfix("stop")
        self.stop_imap()
        self._wait_gone("postfix", patience=10)

    def remove(self) -> None:
        """Delete the directory; only after stop()."""
        shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> MailServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.remove()

    def start_imap(self) -> None:
        """Start Dovecot (IMAP, LMTP, submission) and let Postfix deliver what waited meanwhile."""
        self._run(["/usr/sbin/dovecot", "-c", str(self.base / "dovecot.conf")])
        wait_until(lambda: self._greets(self.imap_port, b"* OK"), "Dovecot greets")
        wait_until(lambda: self._greets(self.submission_port, b"220"), "submission greets")
        if self._pid("postfix/queue/pid/master.pid"):
            self._run(["/usr/sbin/postqueue", "-c", str(self.base / "postfix/etc"), "-f"])

    def stop_imap(self) -> None:
        """Stop Dovecot and wait until it is gone: IMAP and submission refuse, Postfix keeps mail queued."""
        pid = self._pid("dovecot/run/master.pid")
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 15)
            wait_until(lambda: not _alive(pid), "Dovecot is gone")
            with contextlib.suppress(FileNotFoundError):
                (self.base / "dovecot/run/master.pid").unlink()
        # A login process stays while a client is connected, so its connections are cut with it
        self._wait_gone("dovecot", patience=1)

    def log(self) -> str:
        """The last lines of both logs, for a failing test."""
        texts = [path.read_text(errors="replace") for path in sorted(self.base.glob("*.log"))]
        return "\n".join(text[-3000:] for text in texts)

    # Users and rules ----------------------------------------------------------------------------

    def add_user(self, address: str, password: str = "secret", *, quota_bytes: int = 0) -> str:  # noqa: S107
        """An account that may sign in; quota 0 = unlimited. Returns the password."""
        self._passwords[address] = password
        owner = pwd.getpwnam("dovecot")
        quota = f"userdb_quota_rule=*:bytes={quota_bytes}" if quota_bytes else ""
        line = f"{address}:{{PLAIN}}{password}:{owner.pw_uid}:{owner.pw_gid}::{self.home(address)}::{quota}\n"
        path = self.base / "users" / address
        path.write_text(line)
        shutil.chown(path, "dovecot", "dovecot")
        return password

    def home(self, address: str) -> Path:
        return self.base / "mail" / address

    def token(self, user: str, expires_in: float = 3600) -> str:
        """An OAuth2 access token of `user`; negative seconds = already expired."""
        now = int(time.time())
        claims = {"iss": OAUTH_ISSUER, "sub": user, "email": user, "aud": "otklik", "scope": "mail"}
        return jwt.encode(
            {**claims, "iat": now - 7200, "nbf": now - 7200, "exp": now + int(expires_in)}, self._key
        )

    def refuse(self, address: str, answer: str = "550 5.1.1 No such user here") -> None:
        """Postfix answers RCPT TO this address with `answer` from the next connection on."""
        self._refused[address] = answer
        self._write_recipients()

    def accept(self, address: str) -> None:
        """Postfix takes mail for this address (again), whatever it starts with."""
        self._refused[address] = "OK"  # ends the list of rules
        self._write_recipients()

    def _write_recipients(self) -> None:
        # A new table under the old name: smtpd notices a replaced one at once, a rewritten one by its time
        # in whole seconds
        path = self.base / "postfix/etc/recipients"
        fresh = path.with_name("fresh")
        fresh.write_text("".join(f"{address} {answer}\n" for address, answer in self._refused.items()))
        self._run(["/usr/sbin/postmap", "-c", str(path.parent), f"hash:{fresh}"])
        fresh.with_suffix(".db").replace(path.with_suffix(".db"))

    # Mail in and out, seen from the far end ------------------------------------------------------

    def deliver(
        self, raw: bytes | Iterable[bytes], to: list[str] | None = None, sender: str = "client@mail.test"
    ) -> None:
        """Send by real SMTP, as a stranger's server would; several mails go through one connection."""
        mails = [raw] if isinstance(raw, bytes) else raw
        with smtplib.SMTP(self.host, self.smtp_port, local_hostname="mail.test", timeout=20) as smtp:
            for mail in mails:
                smtp.sendmail(sender, to or ["care@shop.test"], mail)

    @contextlib.contextmanager
    def client(self, user: str, folder: str = "INBOX") -> Iterator[MailBoxUnencrypted]:
        """Another real IMAP client of the same mailbox, signed in and with the folder selected."""
        if user not in self._passwords:
            self.add_user(user)
        with MailBoxUnencrypted(self.host, self.imap_port, timeout=20) as box:
            box.login(user, self._passwords[user], initial_folder=None)
            box.folder.set(folder)
            yield box

    def mailbox(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Every message of the folder as bytes, in the order of uids; nothing is marked as read."""
        with self.client(user, folder) as box:
            answer = box.client.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
            return [item[1] for item in answer if isinstance(item, tuple)]

    def uids(self, user: str, folder: str = "INBOX") -> list[int]:
        with self.client(user, folder) as box:
            return [int(uid) for uid in box.uids()]

    def flags(self, user: str, uid: int, folder: str = "INBOX") -> set[str]:
        with self.client(user, folder) as box:
            answer = box.client.uid("FETCH", str(uid), "(FLAGS)")[1]
            return {flag.decode() for flag in imaplib.ParseFlags(answer[0])}

    def wait_for(self, user: str, count: int, folder: str = "INBOX", seconds: float = 20.0) -> list[int]:
        """Wait until the folder holds at least `count` messages; its uids."""
        found: list[int] = []

        def enough() -> bool:
            found[:] = self.uids(user, folder)
            return len(found) >= count

        try:
            wait_until(enough, f"{count} messages in {folder} of {user}", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: there are {len(found)}\n{self.log()}") from None
        return found

    def create_folder(self, user: str, folder: str) -> None:
        with self.client(user) as box:
            box.folder.create(folder)

    def append(self, user: str, raw: bytes, folder: str = "INBOX", flags: str = "") -> None:
        with self.client(user) as box:
            status = box.client.append(encode_folder(folder), flags, None, raw)  # type: ignore[arg-type]
            assert status[0] == "OK", status

    def expunge(self, user: str, uids: Iterable[int], folder: str = "INBOX") -> None:
        with self.client(user, folder) as box:
            box.delete([str(uid) for uid in uids])

    def mark_seen(self, user: str, uids: Iterable[int], folder: str = "INBOX") -> None:
        with self.client(user, folder) as box:
            box.flag([str(uid) for uid in uids], "\\Seen", True)

    def move(self, user: str, uids: Iterable[int], source: str, target: str) -> None:
        with self.client(user, source) as box:
            box.move([str(uid) for uid in uids], target)

    def reset_uidvalidity(self, user: str, folder: str = "INBOX") -> None:
        """What a restored backup does: the folder gets new uids from 1 and another UIDVALIDITY."""
        with self.client(user) as box:
            old = box.folder.status(folder, ["UIDVALIDITY"])["UIDVALIDITY"]
        root = self.home(user) / "Maildir"
        path = root if folder == "INBOX" else root / ("." + encode_folder(folder).decode().strip('"'))
        for name in [path / "dovecot-uidlist", *path.glob("dovecot.index*"), *root.glob("dovecot.list*")]:
            name.unlink(missing_ok=True)
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(old + 7), folder)

    def doveadm(self, *arguments: str) -> None:
        self._run(["/usr/bin/doveadm", "-c", str(self.base / "dovecot.conf"), *arguments])

    def queue_size(self) -> int:
        """Mails Postfix has accepted and not yet delivered or bounced."""
        places = ("incoming", "active", "deferred", "maildrop")
        roots = [self.base / "postfix/queue" / place for place in places]
        return sum(1 for root in roots for path in root.rglob("*") if path.is_file())

    # Processes ------------------------------------------------------------------------------------

    def _greets(self, port: int, start: bytes) -> bool:
        try:
            with socket.create_connection((self.host, port), timeout=2) as sock:
                return sock.recv(200).startswith(start)
        except OSError:
            return False

    def _postfix(self, verb: str) -> None:
        self._run(["/usr/sbin/postfix", "-c", str(self.base / "postfix/etc"), verb])

    def _pid(self, name: str) -> int:
        try:
            pid = int((self.base / name).read_text())
        except (FileNotFoundError, ValueError):
            return 0
        return pid if _alive(pid) else 0

    def _run(self, command: list[str]) -> None:
        # A file, not a pipe: the daemons inherit it and would keep a pipe open for ever
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603
                command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, timeout=60, check=False
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode:
            raise RuntimeError(f"{command[0]} {command[-1]} failed: {said}")

    def _wait_gone(self, which: str, patience: float) -> None:
        """Children outlive their master for a moment; those left after `patience` seconds are ended."""
        try:
            wait_until(lambda: not self._processes(which), f"{which} is gone", patience)
        except AssertionError:
            for pid in self._processes(which):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            wait_until(lambda: not self._processes(which), f"{which} is gone", 10)

    def _processes(self, which: str) -> list[int]:
        """Daemons work inside this instance's directory: that is how they are told from all others."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if os.readlink(entry / "cwd").startswith(f"{self.base}/{which}/"):
                        found.append(int(entry.name))
        return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False
