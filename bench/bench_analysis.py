"""The reading engine: its speed as a whole, and its trained half against the numbers of its issue.

Needs the labelled sets ($OTKLIK_SHARED).

Tone towards a company is fitted here on the rows before a day and scored on the later ones; the rest is read by
the shipped models on the `_dev` files. `_dev` is a random part of the same weeks: it flatters.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from bench.row import Row, at_least, at_most
from otklik.analysis.engine.field import read_texts
from otklik.analysis.engine.linear import load as load_model
from otklik.analysis.engine.trained import Trained, models, read_trained
from otklik.analysis.training import heads
from otklik.analysis.training.calibration import ece, micro_f1
from otklik.analysis.training.datasets import COMPANIES, SPLIT, SUMMER, companies, load
from otklik.analysis.training.fit import answers, assemble, fit_space
from otklik.analysis.training.retrain import retrain

NAME = "Reading: trained models"
BUDGET = "the table of the issue; ≥ 2 000 texts/s/core for all fields, ≤ 300 MB"
TIMEOUT = 500
BATCH = 256
REACH = {"bank": 0.56, "telecom": 0.66}
OWN = heads.OWN
FLOOR = {"bank": 0.24, "telecom": 0.38}  # winter → summer: the plain linear baseline, printed beside


def run(size: str) -> list[Row]:
    rows = [*speed(), *dev()]
    rows += later_days("before the day → later", {name: SPLIT[name] for name in COMPANIES}, REACH)
    rows += later_days("winter → summer", dict.fromkeys(COMPANIES, SUMMER), FLOOR)
    return rows + banking()


def read_all(texts: list[str]) -> list[Trained]:
    return [one for k in range(0, len(texts), BATCH) for one in read_trained(texts[k : k + BATCH])]


def later_days(title: str, first_day: dict[str, str], reach: dict[str, float]) -> list[Row]:
    """Tone towards the company: macro-F1 of negative and positive on rows from `first_day` on."""
    domain = {row: name for name in COMPANIES for row in load(f"sentirueval16_{name}_train")}
    before = [row for row, name in domain.items() if row.date < first_day[name]]
    sentences = load("opensentiment_train")
    space = fit_space([row.text for row in [*before, *sentences, *load("cedr_emotions_train")]])
    model = assemble(space, [heads.fit_towards(space, before, sentences)], {})
    rows = []
    for name in COMPANIES:
        later = [row for row in load(f"sentirueval16_{name}_train") if row.date >= first_day[name]]
        chosen, shares = answers(model, "towards", [r.text for r in later], [r.target for r in later])
        truth = np.array([heads.TOWARDS.index(row.label) for row in later])
        score = float(f1_score(truth, chosen, labels=[0, 2], average="macro"))
        rows.append(
            at_least(f"tone towards a company, {name}, {title}", score, "macro-F1", budget=reach[name])
        )
        sure = shares[np.arange(len(truth)), chosen.astype(int)]
        rows += calibration(f"{name}, {title}", sure, chosen == truth, None)
    return rows


def calibration(title: str, sure: Any, right: Any, budget: float | None = 0.05) -> list[Row]:
    """No row when there are too few texts."""
    gap = ece(np.asarray(sure, dtype=float), np.asarray(right, dtype=bool))
    return [] if gap is None else [at_most(f"ECE, {title}", gap, "", budget=budget)]


def dev() -> list[Row]:
    return [*general_tone(), *kazakh(), *moods(), *languages()]


def general_tone() -> list[Row]:
    texts = [row for row in load("opensentiment_dev") if row.label in heads.TOWARDS]
    answered = [one.tone.label for one in read_all([row.text for row in texts])]
    score = f1_score([r.label for r in texts], answered, labels=heads.TOWARDS, average="macro")
    rows = [at_least("three-class tone, OpenSentiment _dev", float(score), "macro-F1", budget=0.66)]
    tweets = companies("dev")
    found = [
        one
        for k in range(0, len(tweets), BATCH)
        for one in read_trained(
            [r.text for r in tweets[k : k + BATCH]], [r.target for r in tweets[k : k + BATCH]]
        )
    ]
    tones = [one.object_tone for one in found if one.object_tone]
    right = [tone.label == row.label for tone, row in zip(tones, tweets, strict=True)]
    return rows + calibration("tone towards a company, _dev", [tone.p[tone.label] for tone in tones], right)


def kazakh() -> list[Row]:
    """Polarity by the Kazakh model itself; on _dev and drawn again so that 82 % are positive."""
    texts = load("kazsandra_polarity_dev")
    ranked = read_texts(models().kazakh, "kazakh", [row.text for row in texts])
    truth = np.array([row.label == "positive" for row in texts])
    answered = np.array([one[0][0] == "positive" for one in ranked])
    good, bad = np.flatnonzero(truth), np.flatnonzero(~truth)
    draw = np.random.default_rng(1)
    drawn = []
    for _ in range(20):
        part = np.concatenate([good, draw.choice(bad, int(len(good) * 18 / 82), replace=False)])
        drawn.append(f1_score(truth[part], answered[part], average="macro"))
    rows = [
        at_least(
            "Kazakh polarity, _dev",
            float(f1_score(truth, answered, average="macro")),
            "macro-F1",
            budget=0.83,
        ),
        at_least("Kazakh polarity, 82 % positive", float(np.mean(drawn)), "macro-F1", budget=0.77),
    ]
    return rows + calibration("Kazakh polarity, _dev", [one[0][1] for one in ranked], answered == truth)


def moods() -> list[Row]:
    texts = load("cedr_emotions_dev")
    found = read_all([row.text for row in texts])
    truth = np.array([[name in row.label.split("|") for name in heads.EMOTIONS] for row in texts])
    answered = np.array([[name in one.emotions for name in heads.EMOTIONS] for one in found])
    shares = np.array([[one.emotion_p[name] for name in heads.EMOTIONS] for one in found])
    score = at_least("emotions, CEDR _dev", micro_f1(truth, answered), "micro-F1", budget=0.75)
    return [score, *calibration("emotions, CEDR _dev", shares.ravel(), truth.ravel())]


def languages() -> list[Row]:
    sets = (
        ("ru", "sentirueval16_bank_dev", 0.99), ("ru", "cedr_emotions_dev", 0.99), ("uk", "uk_sarcasm_dev", 0.99),
        ("kk", "kazsandra_polarity_dev", 0.94), ("en", "banking77_en_dev", 0.999),
    )  # fmt: skip
    rows = []
    for name, source, budget in sets:
        found = [one.lang for one in read_all([row.text for row in load(source)])]
        rows.append(
            at_least(f"language {name}, {source}", found.count(name) / len(found), "share", budget=budget)
        )
    return rows


def banking() -> list[Row]:
    """Retraining through the same features: Banking77 learnt on _train, scored on _dev."""
    learnt, asked = load("banking77_en_train"), load("banking77_en_dev")
    with tempfile.TemporaryDirectory() as folder:
        outcome = retrain("intent", [r.text for r in learnt], [r.label for r in learnt], Path(folder))
        ranked = read_texts(load_model(Path(folder) / "intent.npz"), "intent", [r.text for r in asked])
    right = [one[0][0] == row.label for one, row in zip(ranked, asked, strict=True)]
    return [
        at_least("English intents, Banking77 _dev", sum(right) / len(right), "accuracy", budget=0.91),
        *calibration("Banking77 _dev", [one[0][1] for one in ranked], right),
        at_most("retraining on 9 000 texts and 77 labels", outcome.seconds, "s"),
    ]


def speed() -> list[Row]:
    """In a child of its own, so that nothing of the training counts as memory; tweets, blogs and our own texts."""
    texts = [(row.text, row.target or None) for row in [*companies("dev"), *load("cedr_emotions_dev")]]
    with (OWN / "texts_train.jsonl").open(encoding="utf-8") as lines:
        texts += [(json.loads(line)["text"], None) for line in lines]
    done = subprocess.run(
        [sys.executable, "-m", "bench.reading_alone"],
        input=json.dumps(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    median = np.median([len(one) for one, _ in texts])
    return [
        at_least(
            f"all fields, batches of 256, median {median:.0f} characters",
            found["rate"],
            "texts/s",
            budget=2000,
        ),
        at_least("trained half alone", found["trained"], "texts/s", budget=5000),
        at_most("processes that wanted a core meanwhile", os.getloadavg()[0], ""),
        at_most("start-up", found["start"], "s"),
        at_most("memory", found["memory"], "MB", budget=300),
    ]
