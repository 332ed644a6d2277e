"""Is this gossip, and would it hurt: absurd may be passed by, serious may not (requirements S1-17, S1-18).

A rumour is what others tell. The customer's own case never is one (X2), and "якобы" about it only says that the
company's word is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence

from otklik.analysis.engine import facts
from otklik.analysis.engine.content import Content
from otklik.analysis.engine.intent import Intent, settled

LIKELY = 0.5
OTHERWISE = ("complaint", "advertising", "spam")  # a wizard in these is a figure of speech
NAMED = 0.2  # enough beside a being or person nobody sane would meet there
SHORT = 40  # tokens; a longer text may quote somebody in words we do not know
PLAIN = 0.8  # how sure it is that a case of one's own is no rumour


def rumours(seen: Content, intents: Sequence[Intent]) -> list[tuple[str, float]]:
    """The label of every text and its probability: none, absurd, serious or unclear."""
    shares, labels = seen.shares("rumour"), seen.labels("rumour")
    fabulous, harmful = seen.met("rumours.absurd"), seen.met("rumours.rumour_harm")
    hired = seen.met("rumours.hired")
    ours = _own_case(seen)
    answers = []
    for row, intent in enumerate(intents):
        p = dict(zip(labels, shares[row].tolist(), strict=True))
        told = intent.has("rumour") or 1 - p["none"] >= LIKELY
        calm = all(share < LIKELY for label, share in intent.labels if label in OTHERWISE)
        if ours[row]:
            answers.append(("none", round(max(p["none"], PLAIN), 4)))
        elif fabulous[row] and calm and (told or hired[row] or p["absurd"] >= NAMED):
            answers.append(("absurd", round(max(p["absurd"], 0.8), 4)))
        elif told:
            label = max(("absurd", "serious", "unclear"), key=lambda name: p[name])
            if harmful[row] and label == "unclear" and p["serious"] >= p["unclear"] / 2:
                label = "serious"
            answers.append((label, round(max(p[label], (1 - p["none"]) / 3), 4)))
        else:
            answers.append(("none", round(p["none"], 4)))
    return answers


def _own_case(seen: Content) -> facts.Flags:
    """Doubt is voiced, nobody is quoted, and the writer speaks of himself or of a refusal; or all is well."""
    short = facts.short(seen, SHORT)
    own: facts.Flags = facts.met(seen, "own_case") | facts.met(seen, "refused")
    return ((facts.met(seen, "seemingly") & own & short) | facts.pleased(seen)) & ~facts.met(seen, "hearsay")


def with_rumour(intent: Intent, told: tuple[str, float]) -> Intent:
    """The intents of a text that passes on a rumour name it, first when nothing else is likelier; others do not."""
    label, share = told
    if label == "none":
        return _without(intent, share) if intent.has("rumour") else intent
    if intent.has("rumour"):
        return intent
    known = [one for one in intent.labels if one[1] >= LIKELY]
    labels = sorted([*known, ("rumour", share)], key=lambda one: -one[1])
    asks = any(one in ("complaint", "question") for one, _ in known)
    expected = intent.expects_reply if asks or intent.expects_reply != "yes" else "unclear"
    return settled(Intent(labels, expected, intent.sure_of_reply))


def _without(intent: Intent, sure: float) -> Intent:
    """What is no rumour but the writer's own trouble is a complaint, when nothing else was seen in it."""
    labels = [one for one in intent.labels if one[0] != "rumour"]
    return settled(Intent(labels or [("complaint", sure)], intent.expects_reply, intent.sure_of_reply))
