"""The project's own pytest plugins, loaded by `-p tests.plugins` in pyproject.toml."""

pytest_plugins = [
    "tests.plugins.surroundings",
    "tests.plugins.emptying",
    "tests.plugins.elsewhere",
    "tests.plugins.examples",
    "tests.plugins.skips",
    "tests.plugins.trace",
]
