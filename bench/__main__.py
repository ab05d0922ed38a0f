"""`make bench`: every measurement, each printed as a ratio to a floor of the same run. Name some to run only those."""

import importlib
import subprocess
import sys

BENCHES = {
    "reserving": "hold and book a paid call, against two committed transactions of two statements",
    "turn": "a cached answer and an FAQ answer over HTTP, against the least an authenticated insert costs",
    "streaming": "first words and whole answer of a streamed model answer, against the bare call to the same server",
    "live_inbox": "from the commit of a message to the open inbox page",
    "retrieval": "which passages of documents answer a question: vectors, words, both; right, wrong, refused; how fast",
    "cache_replay": "what the semantic cache answers and what wrongly, against fixed cosines; what that saves",
    "cache_lookup": "how fast a stored question is found among 10,000, against GPTCache",
    "answers": "which FAQ answers a question: right, wrong, refused",
    "limiter": "decisions of the limiter a second, against bare Lua calls with the same keys",
    "webhooks": "acknowledge and store what a provider sends, at 64 and 1,000 connections, against a bare coalesced insert",
    "line": "messages a second through a whole channel: webhook, answer, accepted by a simulated provider",
    "mail": "how fast mails are read: small text, HTML with a chain of quotes, a 5 MB attachment, against a bare parse",
    "widgets": "a thousand open widgets, one message per 15 seconds each: answers, errors, memory",
}


def main() -> int:
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or list(BENCHES)
    for name in wanted:
        if name not in BENCHES:
            print(f"There is no bench {name}. There are: {', '.join(BENCHES)}")
            return 2
        if len(wanted) > 1:
            # Each in a process of its own: settings, pools and clients are opened once a process.
            status = subprocess.run([sys.executable, "-m", "bench", name], check=False).returncode
            if status:
                return status
            continue
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        sys.argv = [name]
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
