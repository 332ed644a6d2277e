"""Channels over the API: connect and test accounts, import files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import FileResponse
from django.utils.translation import gettext_lazy as _
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from otklik.accounts import policy
from otklik.channels import queries, registry, services
from otklik.channels.importer import service as imports
from otklik.channels.models import ChannelAccount, ImportJob
from otklik.channels.protocol import CheckResult
from otklik.kernel import media
from otklik.kernel.errors import Conflict, Invalid, NotFound
from otklik.kernel.rest import Call, Given, Id, Page, Window, cut, operation

router = Router(tags=["Channels"])
import_router = Router(tags=["Imports"])
Setting = str | int | bool | None
Config = dict[str, Setting]


class ChannelOut(Schema):
    """`settings` never holds secrets. `failing_since` and `error`: what is wrong now."""

    id: int
    kind: str
    name: str
    public_id: str
    active: bool
    treat_as: str
    settings: dict[str, Any]
    poll_every: int
    last_polled_at: datetime | None
    last_event_at: datetime | None
    last_ok_at: datetime | None
    failing_since: datetime | None
    error_code: str
    error: str
    team_id: int | None
    created_at: datetime

    @staticmethod
    def resolve_public_id(one: ChannelAccount) -> str:
        return one.public_id.hex

    @staticmethod
    def resolve_settings(one: ChannelAccount) -> dict[str, Any]:
        return {name: value for name, value in one.settings.items() if name not in services.SECRET_NAMES}


class ConnectIn(Given):
    """`config`: the fields of the kind's form; secrets are sealed and never shown again."""

    kind: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1, max_length=200)
    config: Config = {}
    team_id: Id | None = None
    treat_as: Literal["message", "mention"] = "message"
    poll_every: int = Field(60, ge=10, le=86_400, description="seconds")


class ChannelChange(Given):
    name: str | None = Field(None, min_length=1, max_length=200)
    config: Config | None = None
    active: bool | None = None


class CheckIn(Given):
    kind: str = Field(min_length=1, max_length=32)
    config: Config = {}


class CheckOut(Schema):
    """`message`: one sentence of what is wrong and what to do."""

    ok: bool
    code: str
    message: str


class KindOut(Schema):
    kind: str
    push: bool
    poll: bool
    reply_public: bool
    reply_private: bool
    reply_manual: bool


@operation(router, "GET", "/channels", right="channel.read", answer=list[ChannelOut])
def list_channels(request: Call) -> Any:
    """Connected accounts and how they are."""
    return queries.accounts(request.auth.organisation_id)


@operation(router, "GET", "/channels/kinds", right="channel.read", answer=list[KindOut])
def list_channel_kinds(request: Call) -> Any:
    """What can be connected."""
    found = []
    for kind in registry.kinds():
        able = registry.adapter(kind).capabilities({})
        found.append(
            {"kind": kind, **{name: getattr(able, name) for name in KindOut.model_fields if name != "kind"}}
        )
    return found


@operation(
    router,
    "POST",
    "/channels",
    right="channel.write",
    answer=ChannelOut,
    status=201,
    within=False,
    example={"kind": "hook", "name": "Форма на сайте", "config": {"signing_secret": "whsec_…"}},
)
def connect_channel(request: Call, data: ConnectIn) -> ChannelAccount:
    """Connect an account. Test it first with POST /channels/check."""
    _require_kind(data.kind)
    return services.connect(
        data.kind,
        data.name,
        dict(data.config),
        by=request.auth,
        team_id=data.team_id,
        treat_as=data.treat_as,
        poll_every=data.poll_every,
    )


def _require_kind(kind: str) -> None:
    if not registry.has(kind):
        raise Invalid(
            _("There is no channel of the kind “%(kind)s”. Known are: %(known)s."),
            field="kind",
            kind=kind,
            known=", ".join(registry.kinds()),
        )


@operation(router, "POST", "/channels/check", right="channel.write", answer=CheckOut, within=False)
def check_settings(request: Call, data: CheckIn) -> CheckResult:
    """Test settings before connecting. Nothing is stored."""
    _require_kind(data.kind)
    return services.try_settings(data.kind, dict(data.config))


@operation(router, "GET", "/channels/{channel_id}", right="channel.read", answer=ChannelOut)
def get_channel(request: Call, channel_id: Id) -> ChannelAccount:
    """One account."""
    return queries.account(request.auth.organisation_id, channel_id)


@operation(
    router,
    "PATCH",
    "/channels/{channel_id}",
    right="channel.write",
    answer=ChannelOut,
    example={"active": False},
)
def change_channel(request: Call, channel_id: Id, data: ChannelChange) -> ChannelAccount:
    """Other settings, or pause and resume. A secret that is not sent keeps its value."""
    queries.account(request.auth.organisation_id, channel_id)
    if data.name is not None or data.config is not None:
        config = dict(data.config) if data.config is not None else None
        services.change(channel_id, by=request.auth, name=data.name, config=config)
    if data.active is not None:
        services.switch(channel_id, on=data.active, by=request.auth)
    return queries.account(request.auth.organisation_id, channel_id)


@operation(
    router, "POST", "/channels/{channel_id}/check", right="channel.write", answer=CheckOut, within=False
)
def check_channel(request: Call, channel_id: Id) -> CheckResult:
    """Test a connected account now."""
    account = queries.account(request.auth.organisation_id, channel_id)
    return services.try_settings(account.kind, account.config)


@operation(router, "POST", "/channels/{channel_id}/rescan", right="channel.write", answer=ChannelOut)
def rescan_channel(request: Call, channel_id: Id) -> ChannelAccount:
    """Fetch again from the beginning. What is known does not double."""
    return services.rescan(channel_id, by=request.auth)


@operation(router, "POST", "/channels/{channel_id}/archive", right="channel.write", answer=ChannelOut)
def archive_channel(request: Call, channel_id: Id) -> ChannelAccount:
    """Out of the list and silent. Conversations and their history stay."""
    return services.archive(channel_id, on=True, by=request.auth)


@operation(router, "POST", "/channels/{channel_id}/restore", right="channel.write", answer=ChannelOut)
def restore_channel(request: Call, channel_id: Id) -> ChannelAccount:
    """Back from the archive, paused."""
    return services.archive(channel_id, on=False, by=request.auth)


class HookSecretOut(Schema):
    """Shown once. `url`: where to post to; `secret`: signs as Standard Webhooks say."""

    url: str
    secret: str


@operation(router, "POST", "/channels/{channel_id}/secret", right="channel.write", answer=HookSecretOut)
def renew_channel_secret(request: Call, channel_id: Id) -> HookSecretOut:
    """Another address and secret of a webhook. The present ones stop at once."""
    account, secret = services.renew_hook(channel_id, by=request.auth)
    return HookSecretOut(url=queries.hook_address(account), secret=secret)


# ---------- imports ----------


class ImportOut(Schema):
    """`row_cursor`: last stored row; `estimate`: rows of the file, about. Ask again while `state` is running."""

    id: int
    filename: str
    state: str
    account_id: int | None
    table: dict[str, Any]
    row_cursor: int
    estimate: int
    rows: int
    created: int
    updated: int
    unchanged: int
    errors: int
    error: str
    has_error_file: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_has_error_file(one: ImportJob) -> bool:
        return bool(one.error_digest)


class ImportStart(Given):
    """`channel`: name of the import source, made when missing. `mapping`: {"columns": {"text": ["Отзыв"], …}, …}."""

    channel: str = Field(min_length=1, max_length=200)
    mapping: dict[str, Any]


@operation(import_router, "GET", "/imports", right="import.run", answer=Page[ImportOut])
def list_imports(request: Call, window: Query[Window]) -> Any:
    """Imports, newest first."""
    rows = ImportJob.objects.filter(organisation_id=request.auth.organisation_id)
    items, following = cut(rows, ("-id",), cursor=window.cursor, limit=window.limit)
    return {"items": items, "next": following}


@operation(import_router, "POST", "/imports", right="import.run", answer=ImportOut, status=201, within=False)
def upload_import(request: Call, file: File[UploadedFile]) -> ImportJob:
    """Upload a CSV, XLSX or JSONL file. Nothing is imported yet."""
    return imports.upload(file.read(), file.name or "file", by=request.auth)


@operation(
    import_router,
    "POST",
    "/imports/{import_id}/start",
    right="import.run",
    answer=ImportOut,
    example={
        "channel": "Отзывы Яндекс Карт",
        "mapping": {"columns": {"text": ["Отзыв"], "author_name": ["Автор"]}},
    },
)
def start_import(request: Call, import_id: Id, data: ImportStart) -> ImportJob:
    """The columns are chosen: begin."""
    job = _job(request, import_id)
    mapping = imports.mapping_from(data.mapping)
    policy.require(request.auth, "import.run")
    account = imports.import_account(request.auth.organisation_id, data.channel.strip(), by=request.auth)
    return imports.start(job.pk, account_id=account.pk, mapping=mapping, by=request.auth)


@operation(import_router, "GET", "/imports/{import_id}", right="import.run", answer=ImportOut)
def get_import(request: Call, import_id: Id) -> ImportJob:
    """How far an import is."""
    return _job(request, import_id)


@operation(import_router, "POST", "/imports/{import_id}/cancel", right="import.run", answer=ImportOut)
def cancel_import(request: Call, import_id: Id) -> ImportJob:
    """Stop. What has come in stays."""
    if _job(request, import_id).account_id is None:
        raise Conflict(_("This import has not begun: there is nothing to stop."))
    return imports.cancel(import_id, by=request.auth)


@operation(import_router, "POST", "/imports/{import_id}/resume", right="import.run", answer=ImportOut)
def resume_import(request: Call, import_id: Id) -> ImportJob:
    """Go on behind the last stored row."""
    return imports.proceed(import_id, by=request.auth)


@operation(
    import_router, "GET", "/imports/{import_id}/errors", right="import.run", answer=None, produces="text/csv"
)
def download_import_errors(request: Call, import_id: Id) -> FileResponse:
    """Rows that could not be taken, with reasons, as a CSV file."""
    job = _job(request, import_id)
    if not job.error_digest:
        raise NotFound
    try:
        content = media.path_of(job.error_digest).open("rb")
    except OSError as error:
        raise NotFound from error
    return FileResponse(content, as_attachment=True, filename=f"errors-{job.pk}.csv", content_type="text/csv")


def _job(request: Call, import_id: int) -> ImportJob:
    found = ImportJob.objects.filter(organisation_id=request.auth.organisation_id, pk=import_id).first()
    if found is None:
        raise NotFound
    return found
