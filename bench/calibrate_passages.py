"""Fit the confidence of passages anew: `python -m bench.calibrate_passages FILE [--home OMNI_HOME]`.

FILE is a question set in the SQuAD layout (articles with paragraphs with questions), for example `xquad.en.json` of
deepmind/xquad (CC BY-SA 4.0; 48 articles, 240 paragraphs, 1,190 questions). It is **not** used to report quality. Businesses are
drawn from it: the paragraphs of one to twelve articles, indexed as in production; in half of the articles they are cut to two or
three sentences, the length of a section in a leaflet. Each question is asked twice: with its paragraph, and with all of it taken
away, so that the other paragraphs of the article remain and none of them answers.
A third of the questions keep their wording, a third are cut to keywords as people type them into a search box, and in a third
half of the meaningful words are made unknown while the vector stays: that is what a paraphrase does to the words. One logistic
regression learns which candidate held the answer; its coefficients are printed for `omni_app/knowledge/judging.py`.
"""

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from bench.verdicts import LIMITS, Verdicts
from omni_app.infra.ids import new_id
from omni_app.knowledge.cutting import sentences
from omni_app.knowledge.judging import FEATURES
from omni_app.knowledge.passages import words_of
from omni_app.knowledge.retrieval import Index, Kept
from omni_app.knowledge.terms import content_stems
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import load_settings

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    vector: Floats
    article: int
    paragraph: int
    place: int
    """Where in the paragraph the answer stands."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    article: int
    kept: list[Kept]
    vectors: Floats


def reword(text: str, chance: random.Random) -> tuple[str, str]:
    """(what is embedded, what is searched for): as it is, as keywords, or with half of its words unknown."""
    spoken = text.split()
    telling = [place for place, word in enumerate(spoken) if set(content_stems(word)) & set(content_stems(text))]
    way = chance.random()
    if way < 1 / 3:
        return text, text
    if way < 2 / 3:
        keywords = " ".join(spoken[place] for place in telling).lower().strip("?")
        return keywords, keywords
    for place in chance.sample(telling, len(telling) // 2):
        spoken[place] = "zq" + "".join(chance.choices("bdfgkmnprtv", k=8))
    return text, " ".join(spoken)


def in_short(text: str) -> list[tuple[int, int]]:
    """Spans of two or three sentences each, at least thirty words."""
    spans: list[tuple[int, int]] = []
    begin = None
    for start, end in sentences(text):
        begin = start if begin is None else begin
        if len(text[begin:end].split()) >= 30:
            spans.append((begin, end))
            begin = None
    if begin is not None:
        spans.append((begin, len(text)))
    return spans


def read_set(path: Path, model: MiniLM, chance: random.Random) -> tuple[list[Paragraph], list[Question]]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    for number, article in enumerate(articles):
        title = article.get("title", "").replace("_", " ")
        for entry in article["paragraphs"]:
            text = entry["context"]
            spans = in_short(text) if number % 2 else [(0, len(text))]
            kept = [
                Kept(
                    passage_id=new_id(),
                    document_id=new_id(),
                    title=title,
                    heading="",
                    text=text[start:end],
                    start=start,
                    end=end,
                    page=None,
                )
                for start, end in spans
            ]
            vectors = model.embed([words_of(title, one.heading, one.text) for one in kept])
            wordings = [reword(one["question"], chance) for one in entry["qas"]]
            asked = model.embed([embedded for embedded, _ in wordings])
            places = [one["answers"][0]["answer_start"] for one in entry["qas"]]
            questions += [
                Question(text, vector, number, len(paragraphs), place)
                for (_, text), vector, place in zip(wordings, asked, places, strict=True)
            ]
            paragraphs.append(Paragraph(number, kept, vectors))
    return paragraphs, questions


def ask(paragraphs: list[Paragraph], questions: list[Question], chosen: list[int], gone: int | None) -> list[tuple]:
    """(question, features, whether right) of the candidates, for the questions about the chosen paragraphs."""
    here = [number for number in chosen if number != gone]
    owner = [number for number in here for _ in paragraphs[number].kept]
    index = Index(
        1, [one for number in here for one in paragraphs[number].kept], np.vstack([paragraphs[n].vectors for n in here])
    )
    about = [q for q in questions if (q.paragraph == gone if gone is not None else q.paragraph in set(here))]
    found = []
    for question in about:
        places, rows = index.candidates(question.text, question.vector)
        right = [
            owner[place] == question.paragraph and index.passages[place].start <= question.place < index.passages[place].end
            for place in places
        ]
        found.append((question, rows, np.array(right)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--home", type=Path, default=load_settings().home)
    parser.add_argument("--businesses", type=int, default=24)
    chosen = parser.parse_args()
    chance = random.Random(7)
    paragraphs, questions = read_set(chosen.file, MiniLM(ensure_built(chosen.home)), chance)
    asked: list[tuple] = []
    for _ in range(chosen.businesses):
        articles = set(chance.sample(range(paragraphs[-1].article + 1), chance.randint(1, 12)))
        mine = [number for number, one in enumerate(paragraphs) if one.article in articles]
        asked += [(*one, True) for one in ask(paragraphs, questions, mine, None)]
        for gone in mine:
            asked += [(*one, False) for one in ask(paragraphs, questions, mine, gone)]

    rows = np.vstack([one[1] for one in asked]).astype(np.float64)
    truth = np.concatenate([one[2] for one in asked])
    groups = np.concatenate([np.full(len(one[2]), one[0].article) for one in asked])
    scaler = StandardScaler().fit(rows)
    rule = LogisticRegression(C=1.0, max_iter=2000)
    held_out = cross_val_predict(rule, scaler.transform(rows), truth, groups=groups, cv=GroupKFold(8), method="predict_proba")[
        :, 1
    ]
    place, sure, right, has = 0, [], [], []
    for _, _, is_right, has_answer in asked:
        mine_sure = held_out[place : place + len(is_right)]
        best = int(mine_sure.argmax())
        sure.append(mine_sure[best])
        right.append(bool(is_right[best]))
        has.append(has_answer)
        place += len(is_right)
    verdicts = Verdicts(confidence=np.array(sure), is_right=np.array(right), has_answer=np.array(has))
    print(f"# {len(asked)} questions, half of them without an answer; {len(rows)} candidates; articles held out in turn")
    print("# right within", {limit: round(verdicts.right_within(limit), 3) for limit in LIMITS})
    lacking = verdicts.confidence[~verdicts.has_answer]
    having = verdicts.has_answer
    for at in (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
        answered = verdicts.confidence[having] >= at
        good = answered & verdicts.is_right[having]
        print(
            f"#   at {at}: right {good.mean():.1%}, wrong {(answered & ~good).mean():.1%} of those with an answer; "
            f"answered {np.mean(lacking >= at):.1%} of those without"
        )
    rule.fit(scaler.transform(rows), truth)
    coefficients = rule.coef_[0] / scaler.scale_
    intercept = float(rule.intercept_[0] - (coefficients * scaler.mean_).sum())
    print(f"COEFFICIENTS = np.array({[round(float(one), 4) for one in coefficients]}, np.float32)  # {', '.join(FEATURES)}")
    print(f"INTERCEPT = {intercept:.4f}")
    print("# weight of each feature per standard deviation:", dict(zip(FEATURES, rule.coef_[0].round(2).tolist(), strict=True)))


if __name__ == "__main__":
    main()
