"""The document for machines and the reference for people, made of the same schema. Anything else: a JSON 404."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from otklik.kernel.errors import NotFound
from otklik.web.api import api, auth, errors, schema

PREFIX = "/api/v1/"


@login_not_required
def openapi(request: HttpRequest) -> JsonResponse:
    """OpenAPI 3.1, open to everybody: it holds no data."""
    return JsonResponse(schema.document(api, PREFIX), json_dumps_params={"ensure_ascii": False})


@csrf_exempt
@login_not_required
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """An address of the API that does not exist."""
    auth.speak(request)
    return errors.answer(request, NotFound())


def reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its scopes, fields and an example, rendered on the server."""
    document = schema.document(api, PREFIX)
    return render(request, "web/api.html", {"groups": groups(document), "prefix": PREFIX})


def groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by tag, in the order of the API."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_card(path, method, operation, document))
    return [
        {"tag": tag, "anchor": f"tag-{number}", "operations": operations}
        for number, (tag, operations) in enumerate(found.items())
    ]


def _card(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json") or content.get("multipart/form-data") or {}
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", "").replace("`", ""),
        "scopes": operation["x-scopes"],
        "parameters": [
            _field(one["name"], one["schema"], one["required"], one["in"]) for one in operation["parameters"]
        ],
        "fields": _fields(body.get("schema", {}), document),
        "example": json.dumps(body["example"], ensure_ascii=False, indent=2) if "example" in body else "",
        "statuses": [str(status) for status in operation["responses"] if status != "default"],
    }


def _fields(body: dict[str, Any], document: dict[str, Any]) -> list[dict[str, Any]]:
    while "$ref" in body:
        body = document["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]
    for choice in body.get("anyOf", ()):
        return _fields(choice, document)
    required = body.get("required", ())
    return [_field(name, one, name in required, "") for name, one in body.get("properties", {}).items()]


def _field(name: str, one: dict[str, Any], required: bool, where: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": _type(one),
        "required": required,
        "where": where,
        "text": one.get("description", "").replace("`", ""),
    }


def _type(one: dict[str, Any]) -> str:
    if "$ref" in one:
        return str(one["$ref"]).rsplit("/", 1)[1]
    if "enum" in one:
        return " | ".join(str(value) or '""' for value in one["enum"])
    if "anyOf" in one:
        return " | ".join(_type(choice) for choice in one["anyOf"])
    if one.get("type") == "array":
        return f"[{_type(one.get('items', {}))}]"
    return str(one.get("format") or one.get("type") or "any")
