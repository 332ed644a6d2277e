"""A contract of import-linter: the `models` of a domain belong to that domain alone.

The stock `protected` contract needs one entry per domain and fails for domains without models; this one
holds for every domain there is and will be. Other domains call `services`, `queries` and `events`, and name
models in foreign keys by string ("accounts.Organisation").
"""

from __future__ import annotations

from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateModels(Contract):
    """Options: `allowed_domains` (may import any models), `public_domains` (their models may be imported)."""

    type_name = "private_models"

    package = fields.StringField()
    allowed_domains = fields.SetField(subfield=fields.StringField(), required=False)
    public_domains = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        # import-linter declares options as fields and fills the instance with their values
        allowed: set[str] = set(cast("set[str] | None", self.allowed_domains) or ())
        public: set[str] = set(cast("set[str] | None", self.public_domains) or ())
        broken = []
        for imported in sorted(graph.modules):
            owner = self._owner_of_models(imported)
            if owner is None or owner in public:
                continue
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                if self._domain(importer) not in {owner, *allowed} and ".tests" not in importer:
                    details = graph.get_import_details(importer=importer, imported=imported)
                    broken.append((importer, imported, [detail["line_number"] for detail in details]))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: Any) -> None:
        for importer, imported, lines in check.metadata["broken"]:
            where = ", ".join(f"l.{line}" for line in lines)
            output.print_error(f"{importer} -> {imported} ({where}): call services or queries instead")

    def _domain(self, module: str) -> str:
        return module.removeprefix(f"{self.package}.").split(".")[0]

    def _owner_of_models(self, module: str) -> str | None:
        """`otklik.accounts.models[.x]` → accounts; anything else → None."""
        parts = module.split(".")
        is_models = len(parts) > 2 and parts[0] == str(self.package) and parts[2] == "models"
        return parts[1] if is_models else None
