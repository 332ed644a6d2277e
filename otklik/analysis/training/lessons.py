"""What the content model learns and how: questions, texts and phrases that help, ridge and logistic regression.

Kernel ridge regression of all labels at once (closed form, no random numbers): a few thousand texts are few, so the
regularisation is strong. The phrases of our lexicons count twice: as columns, and as tiny labelled texts from which
n-grams and vectors learn (so that a form or a neighbour that is in no pattern is met too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from otklik.analysis.engine import content, cues, text
from otklik.analysis.engine.dense import LEXICAL, SIGNS, WIDTH, dense
from otklik.analysis.engine.features import BINS, Floats, grams
from otklik.analysis.engine.linear import Space
from otklik.analysis.training.calibration import ridge
from otklik.analysis.training.rows import Judged, Row

LEAST = 5  # an n-gram is kept when this many texts have it
BATCH = 512
RIDGE = 2.0
POWERS = (1.0, 1.0)
MEANING = 1.0  # what the averaged vectors weigh
PHRASES = 0.134  # what one standard deviation of a column of phrases weighs
PLAIN = 0.12
MANY = ("intent", "cause", "signals")
ONE = ("expects_reply", "severity", "complexity", "impact", "urgency", "safety", "rumour")
LEXICONS = {  # lexicon and the weight of a phrase
    "intent": ("intents", 0.15),
    "cause": ("causes", 0.4),
    "signals": ("signals", 0.2),
    "safety": ("grade", 0.05),
    "rumour": ("rumours", 0.05),
}
SHORT = {
    "cause": 1.0,
    "signals": 1.0,
    "intent": 0.25,
    "safety": 1.0,
    "rumour": 1e-6,
}  # weight of a short text
MEANT = {
    "danger": "True",
    "money_leaving": "True",
    "rumour_harm": "serious",
}  # phrases whose label is another word
BLENDED = {"intent": 6.0}  # heads that a logistic regression joins: what the ridge weighs beside it
LOOSE = 3.0  # how little the logistic regressions are held back
PATIENCE = 60  # their steps
TOLD = 1.2  # what a text with causes weighs beside one without


def batches(texts: Sequence[str]) -> list[text.Batch]:
    return [text.read(texts[k : k + BATCH]) for k in range(0, len(texts), BATCH)]


@dataclass(slots=True)
class Question:
    """One head to learn: labels, truth (texts × labels of 0 and 1) and which texts have an answer."""

    name: str
    labels: list[str]
    truth: Floats
    known: NDArray[np.bool_]
    one_of: bool


@dataclass(slots=True)
class Aids:
    """Texts that help to learn and are never judged: their rows, truth, weights, and which are mere phrases."""

    table: sparse.csr_matrix
    truth: Floats
    weights: Floats
    phrases: NDArray[np.bool_]


def questions(rows: list[Row], abuse: list[Row]) -> list[Question]:
    """The heads of the content model over both files, one after the other."""
    found = []
    height = len(rows) + len(abuse)
    known = np.arange(height) < len(rows)
    for name in (*MANY, *ONE):
        labels = sorted({str(one) for row in rows for one in _several(row[name])})
        truth = np.zeros((height, len(labels)), dtype=np.float32)
        truth[: len(rows)] = [flags(_several(row[name]), labels) for row in rows]
        found.append(Question(name, labels, truth, known, name in ONE))
    both = [*rows, *abuse]
    labels = sorted({row["abuse"] for row in both})
    truth = np.array([flags([row["abuse"]], labels) for row in both], dtype=np.float32)
    found.append(Question("abuse", labels, truth, np.ones(height, dtype=bool), True))
    return found


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def flags(values: Sequence[object], labels: list[str]) -> list[bool]:
    given = {str(value) for value in values}
    return [label in given for label in labels]


def phrases(lexicon: str) -> list[tuple[str, str]]:
    """The patterns of a lexicon as tiny texts with their labels."""
    found = []
    for cue in cues.read_lexicon(cues.LEXICON / f"{lexicon}.tsv"):
        steps = [part.split("|") for part in cue.pattern.split() if part[0] != "~" and part != "xq"]
        for turn in range(min(max(map(len, steps), default=0), 4)):
            words = [step[turn % len(step)].rstrip("*") for step in steps]
            label = cue.group.split(".")[1]
            found.append((" ".join(words), MEANT.get(label, label)))
    return found


def aids(question: Question, space: Space, more: list[Row]) -> Aids | None:
    """What else helps with this head."""
    if question.name not in LEXICONS:
        return None
    lexicon, weight = LEXICONS[question.name]
    tiny = [(one, label) for one, label in phrases(lexicon) if label in question.labels]
    texts = [one for one, _ in tiny] + [row["text"] for row in more]
    labels = [[label] for _, label in tiny] + [_short(row, question.name) for row in more]
    is_phrase = np.arange(len(texts)) < len(tiny)
    table = matrix(space, texts).tolil()
    start = table.shape[1] - len(space.scale)
    table[: len(tiny), start : start + LEXICAL + SIGNS] = 0  # a phrase tells nothing about how texts look
    table[: len(tiny), start + WIDTH :] = 0
    weights = np.where(is_phrase, weight, SHORT[question.name]).astype(np.float32)
    truth = np.array([flags(given, question.labels) for given in labels], dtype=np.float32)
    return Aids(table.tocsr(), truth, weights, is_phrase)


def _short(row: Row, name: str) -> list[str]:
    """The labels of a short text; danger to life or money follows from its cause."""
    if name == "safety":
        return [str(bool({"safety", "fraud"} & set(row["cause"])))]
    return list(row.get(name, ["none"]))


def fit_space(texts: Sequence[str]) -> Space:
    """The n-grams that at least LEAST texts have, and the weight of every dense column."""
    seen = [np.zeros(BINS, dtype=np.int64) for _ in POWERS]
    spread: list[Floats] = []
    for batch in batches(texts):
        for k, block in enumerate(grams(batch)[: len(seen)]):
            cells = np.unique(block.rows.astype(np.int64) * BINS + block.bins) % BINS
            seen[k] += np.bincount(cells, minlength=BINS)
        spread.append(np.hstack([dense(batch), content.columns(batch)[2]]))
    bins = [np.flatnonzero(total >= LEAST).astype(np.int32) for total in seen]
    idf = [
        (np.log((1 + len(texts)) / (1 + total[b])) + 1).astype(np.float32)
        for total, b in zip(seen, bins, strict=True)
    ]
    columns = np.vstack(spread)
    deviation = np.maximum(columns.std(axis=0), 0.05)
    scale = np.full(columns.shape[1], MEANING, dtype=np.float32)
    scale[: LEXICAL + SIGNS] = PLAIN / deviation[: LEXICAL + SIGNS]
    scale[WIDTH:] = PHRASES / deviation[WIDTH:]
    return Space(bins, idf, False, 0, scale, list(POWERS))


def matrix(space: Space, texts: Sequence[str]) -> sparse.csr_matrix:
    return sparse.vstack(
        [content.read(space, batch, content.columns(batch)[2]).matrix() for batch in batches(texts)],
        format="csr",
    )


@dataclass(slots=True)
class Lesson:
    """A question with its kernels; `teach` learns from a part of the judged texts and all aids."""

    question: Question
    table: sparse.csr_matrix
    weights: Floats  # of the judged texts
    aids: Aids | None
    kernel: Floats  # judged and aids × judged and aids

    def outside(self, parts: NDArray[np.int64]) -> Floats:
        """Scores of every judged text by a model that has not seen its part."""
        height = len(self.question.truth)
        scores = np.zeros((height, self.width), dtype=np.float32)
        for part in np.unique(parts).tolist():
            ask = np.flatnonzero(parts == part)
            scores[ask] = self._asked(np.flatnonzero((parts != part) & self.question.known), ask)
        return scores

    @property
    def width(self) -> int:
        return len(self.question.labels)

    def learnt(self) -> tuple[Floats, Floats]:
        """Of all texts together: columns × labels, and the bias."""
        used, dual, mean = self._ridge(np.flatnonzero(self.question.known))
        table = self._whole()
        weights = np.asarray(table[used].T @ dual, dtype=np.float32)
        times = BLENDED.get(self.question.name)
        if times is None:
            return weights, mean.astype(np.float32)
        steep, shift = self._logistic(np.flatnonzero(self.question.known))
        return weights * times + steep, (mean * times + shift).astype(np.float32)

    def _asked(self, learn: NDArray[np.intp], ask: NDArray[np.intp]) -> Floats:
        used, dual, mean = self._ridge(learn)
        scores: Floats = (self.kernel[np.ix_(ask, used)] @ dual + mean).astype(np.float32)
        times = BLENDED.get(self.question.name)
        if times is None:
            return scores
        steep, shift = self._logistic(learn)
        both: Floats = scores * times + np.asarray(self.table[ask] @ steep) + shift
        return both

    def _ridge(self, learn: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats, Floats]:
        """Rows used, their dual weights, the mean that is added."""
        height, truth = len(self.question.truth), self.question.truth
        mean = np.average(truth[learn], axis=0, weights=self.weights[learn])
        penalty = RIDGE / self.weights[learn]
        if self.aids is None:
            return learn, ridge(self.kernel[np.ix_(learn, learn)], truth[learn] - mean, penalty), mean
        used = np.concatenate([learn, height + np.arange(len(self.aids.truth))])
        of_phrases = self.aids.truth[self.aids.phrases].mean(axis=0)
        usual = np.where(self.aids.phrases[:, None] & ~self.question.one_of, of_phrases, mean)
        target = np.vstack([truth[learn] - mean, self.aids.truth - usual])
        penalty = np.concatenate([penalty, RIDGE / self.aids.weights])
        return used, ridge(self.kernel[np.ix_(used, used)], target, penalty), mean

    def _logistic(self, learn: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Columns × labels and shifts of a logistic regression per label."""
        truth, weights, table = self.question.truth[learn], self.weights[learn], self.table[learn]
        if self.aids is not None:
            table = sparse.vstack([table, self.aids.table], format="csr")
            truth, weights = np.vstack([truth, self.aids.truth]), np.append(weights, self.aids.weights)
        found = [
            LogisticRegression(C=LOOSE, max_iter=PATIENCE, tol=1e-3).fit(table, column, sample_weight=weights)
            for column in truth.T
        ]
        steep = np.hstack([one.coef_.T for one in found]).astype(np.float32)
        return steep, np.array([one.intercept_[0] for one in found], dtype=np.float32)

    def _whole(self) -> sparse.csr_matrix:
        return self.table if self.aids is None else sparse.vstack([self.table, self.aids.table], format="csr")


@dataclass(slots=True)
class Choice(Lesson):
    """One cause or none, by one logistic regression over all: what it is sure of is that there is a cause at all."""

    @property
    def width(self) -> int:
        return len(self.question.labels) + 1

    def learnt(self) -> tuple[Floats, Floats]:
        return self._softmax(np.flatnonzero(self.question.known))

    def _asked(self, learn: NDArray[np.intp], ask: NDArray[np.intp]) -> Floats:
        steep, shift = self._softmax(learn)
        return np.asarray(self.table[ask] @ steep + shift, dtype=np.float32)

    def _softmax(self, learn: NDArray[np.intp]) -> tuple[Floats, Floats]:
        truth = self.question.truth[learn]
        texts, labels = np.nonzero(truth)
        none = np.flatnonzero(truth.sum(axis=1) == 0)
        rows = [learn[texts], learn[none]]
        answers = [labels, np.full(len(none), len(self.question.labels))]
        weights = [self.weights[rows[0]] * TOLD / truth[texts].sum(axis=1), self.weights[rows[1]]]
        table = self.table[np.concatenate(rows)]
        if self.aids is not None:
            some = np.flatnonzero(self.aids.truth.sum(axis=1) > 0)
            table = sparse.vstack([table, self.aids.table[some]], format="csr")
            answers.append(self.aids.truth[some].argmax(axis=1))
            weights.append(self.aids.weights[some])
        model = LogisticRegression(C=LOOSE, max_iter=PATIENCE, tol=1e-3)
        model.fit(table, np.concatenate(answers), sample_weight=np.concatenate(weights))
        return model.coef_.T.astype(np.float32), model.intercept_.astype(np.float32)


def lessons(judged: Judged, more: list[Row]) -> tuple[Space, dict[str, Lesson]]:
    """The space of n-grams and every lesson by the name of its head."""
    texts = [row["text"] for row in [*judged.rows, *judged.abuse]]
    space = fit_space(list(dict.fromkeys(texts)))
    table = matrix(space, texts)
    plain = np.asarray((table @ table.T).todense())
    found: dict[str, Lesson] = {}
    for question in questions(judged.rows, judged.abuse):
        helped = aids(question, space, more)
        kernel = plain
        if helped is not None:
            across = np.asarray((helped.table @ table.T).todense())
            among = np.asarray((helped.table @ helped.table.T).todense())
            kernel = np.vstack([np.hstack([plain, across.T]), np.hstack([across, among])])
        if question.name == "cause":
            found[content.NO_CAUSE] = Choice(question, table, judged.weights, helped, plain)
        found[question.name] = Lesson(question, table, judged.weights, helped, kernel)
    return space, found
