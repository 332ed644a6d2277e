"""The full-text table beside kernel_indexedtext, in each database's own way."""

from typing import Any

from django.db import migrations

SQLITE = [
    "CREATE VIRTUAL TABLE kernel_fts USING fts5("
    "tokens, content='kernel_indexedtext', content_rowid='id', tokenize='unicode61 remove_diacritics 0')"
]
POSTGRESQL = [
    "ALTER TABLE kernel_indexedtext ADD COLUMN tsv tsvector"
    " GENERATED ALWAYS AS (array_to_tsvector(string_to_array(tokens, ' '))) STORED",
    "CREATE INDEX kernel_indexedtext_tsv ON kernel_indexedtext USING gin (tsv)",
]


def create(apps: Any, schema_editor: Any) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE kernel_indexedtext DROP COLUMN tsv")
    else:
        schema_editor.execute("DROP TABLE kernel_fts")


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
