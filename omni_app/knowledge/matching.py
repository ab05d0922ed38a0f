from dataclasses import dataclass
import numpy as np
from uuid import UUID
ANSWER_AT=0.7
@dataclass(frozen=True, kw_only=True)
class Taught:
    faq_id: UUID
    text: str
    vector: object
@dataclass(frozen=True, kw_only=True)
class Match:
    faq_id: UUID
    confidence: float
    runner_up: tuple = ()
class Matcher:
    def __init__(s,t): s.t=list(t); s.m=np.array([x.vector for x in t],np.float32) if t else None
    def match(s,text,v):
        if not s.t: return None
        i=int((s.m@v).argmax()); return Match(faq_id=s.t[i].faq_id,confidence=float((s.m@v)[i]))
def fit_matcher(t): return Matcher(t)
