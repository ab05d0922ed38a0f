"""Fit the rules of `omni_app/understanding` anew: `python -m bench.fit_understanding [--home OMNI_HOME]`.

Each rule is a logistic regression over MiniLM vectors of the example sentences in `bench/understanding`, one a line, plus
small talk as further counter-examples. Prints precision and recall by five-fold cross-validation and writes `weights.json`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from omni_app.knowledge.smalltalk import SMALL_TALK
from omni_app.llm.providers.local.minilm import MiniLM, ensure_built
from omni_app.settings import ROOT, load_settings
from omni_app.understanding.learned import WEIGHTS

EXAMPLES = ROOT / "bench" / "understanding"
RULES = {"person": ("person", ("not_person", "calm")), "anger": ("angry", ("calm", "not_person", "person"))}
# Small talk that is itself what a rule looks for.
NOT_CALM = {"you are stupid", "you are not helping at all", "this is useless", "why is nobody answering?"}
INVERSE_PENALTY = 10.0


def read(name: str) -> list[str]:
    return [line for line in (EXAMPLES / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=load_settings().home)
    model = MiniLM(ensure_built(parser.parse_args().home))
    rules = {}
    for rule, (wanted, others) in RULES.items():
        positive = read(wanted)
        negative = [line for other in others for line in read(other)] + [line for line in SMALL_TALK if line not in NOT_CALM]
        vectors = model.embed([*positive, *negative])
        truth = np.array([1] * len(positive) + [0] * len(negative))
        regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=3000, class_weight="balanced")
        sure = cross_val_predict(
            regression, vectors, truth, cv=StratifiedKFold(5, shuffle=True, random_state=1), method="predict_proba"
        )[:, 1]
        for threshold in (0.5, 0.7, 0.8, 0.85, 0.9, 0.95):
            found = sure >= threshold
            print(
                f"{rule:<8} at {threshold:.2f}: finds {found[truth == 1].mean():.3f} of {len(positive)}, "
                f"wrongly {found[truth == 0].mean():.4f} of {len(negative)}"
            )
        regression.fit(vectors, truth)
        rules[rule] = {"bias": round(float(regression.intercept_[0]), 4), "weights": regression.coef_[0].round(4).tolist()}
    WEIGHTS.write_text(json.dumps({"model": MiniLM.name, "rules": rules}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
