"""What stands in the folder of `--model`: every file is tried before the first text, and none ends in a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otklik.analysis.engine import content, overrides
from otklik.analysis.engine.linear import TRIAL, Model, load, standing_in, tried
from otklik.analysis.engine.text import read
from otklik.analysis.engine.trained import MODELS
from otklik.kernel.stream import WrongCall

JUDGE = ".judge.npz"  # the twin that judges the next training; it answers nothing


def read_folder(folder: Path) -> dict[str, Model]:
    """The own models of a folder by field; WrongCall names the first file that cannot be used."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".npz")
    except FileNotFoundError as error:
        raise WrongCall(f"Нет папки «{folder}».", f'There is no folder "{folder}".') from error
    except OSError as error:
        raise WrongCall(
            f"«{folder}» не открывается как папка: {error.strerror}.",
            f'"{folder}" cannot be opened as a folder: {error.strerror}.',
        ) from error
    if not files:
        raise WrongCall(
            f"В папке «{folder}» нет моделей (файлов .npz).",
            f'The folder "{folder}" has no models (.npz files).',
        )
    found = {}
    for path in files:
        if path.name.endswith(JUDGE):
            continue
        if path.stem in overrides.SHIPPED:
            _general(path)
        else:
            found[path.stem] = own_model(path, path.stem)
    return found


def own_model(path: Path, field: str) -> Model:
    """A model that answers one field; WrongCall when the file is none."""
    model = _opened(path)
    ru = f"не отвечает на поле «{field}»: поле вычисляется, в файле другое поле или чужая метка"
    with _named(path, ru, f"cannot answer the field {field!r}"):
        overrides.checked(field, model)
        tried(model)
        try:
            overrides.read({field: model}, read(TRIAL))
        except Exception as error:
            raise ValueError(str(error)) from error
    return model


def _general(path: Path) -> None:
    model, shipped = _opened(path), load(MODELS / path.name)
    ru = f"не подходит на место {path.name} из поставки: это другая модель, или в ней не хватает меток"
    with _named(path, ru, f"cannot stand in for the shipped {path.name}"):
        standing_in(model, shipped)
        if path.name != content.MODEL.name:  # that one also looks at our phrases
            tried(model)


def _opened(path: Path) -> Model:
    try:
        if not path.is_file():
            raise ValueError("it is no file")
        return load(path)
    except OSError as error:
        raise WrongCall(
            f"Модель «{path}» не читается: {error.strerror}.",
            f'The model "{path}" cannot be read: {error.strerror}.',
        ) from error
    except ValueError as error:
        raise WrongCall(
            f"«{path}» не файл модели Otklik или он повреждён. Уберите его из папки или обучите поле заново.",
            f'"{path}" is no model file of Otklik, or it is damaged. Take it out or learn the field anew.',
        ) from error


@contextmanager
def _named(path: Path, ru: str, en: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise WrongCall(f"Модель «{path}» {ru} ({error}).", f'The model "{path}" {en}: {error}.') from error
