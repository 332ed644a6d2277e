"""The OpenAPI document: ninja's, with the scopes of each operation, one error shape and our headers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ninja import NinjaAPI

from otklik.accounts import policy
from otklik.kernel.rest import ANYBODY

ERROR = {
    "type": "object",
    "title": "Error",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "data"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs", "examples": ["not_found"]},
                "message": {"type": "string", "description": "a sentence for people, in Accept-Language"},
                "data": {"type": "object", "description": "particulars, e.g. `field`"},
            },
        }
    },
}
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "The same key with the same body gets the stored answer for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}


def scopes_for(right: str) -> list[str]:
    """Scopes of an API key that open an operation, narrowest first."""
    if right == ANYBODY:
        return []
    fitting = [name for name, rights in policy.SCOPES.items() if right in rights]
    return sorted(fitting, key=lambda name: len(policy.SCOPES[name]))


@lru_cache(maxsize=4)
def document(api: NinjaAPI, path_prefix: str) -> dict[str, Any]:
    """OpenAPI 3.1 of the whole API."""
    found: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=path_prefix))
    found["components"]["schemas"]["Error"] = ERROR
    found["components"].setdefault("responses", {})["Error"] = {
        "description": "What went wrong, in one shape",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for path in found["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    return found


def _complete(method: str, operation: dict[str, Any]) -> None:
    right = operation.pop("x-right")
    operation.pop("x-within", None)
    scopes = scopes_for(right)
    operation["x-right"] = right
    operation["x-scopes"] = scopes
    operation["security"] = [{"ApiKey": scopes}, {"BrowserSession": []}]
    operation["responses"]["default"] = {"$ref": "#/components/responses/Error"}
    if method == "post" and not any(one["name"] == "Idempotency-Key" for one in operation["parameters"]):
        operation["parameters"].append(KEY_HEADER)
