"""The importer without Django: tables in, `ImportItem`s and row errors out. See docs/import.md."""
