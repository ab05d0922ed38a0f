"""The figures of /metrics, in one place so that names stay one word for one thing."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "omni_http_seconds",
    "Time to answer an HTTP request, seconds",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
TURNS = Counter("omni_turns_total", "Turns by where the answer came from", ["source"])
TURN_SECONDS = Histogram(
    "omni_turn_seconds",
    "Time of a whole turn, seconds",
    ["source"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
)
JOBS = Counter("omni_jobs_total", "Jobs by name and outcome", ["name", "outcome"])
QUEUE_AGE = Gauge("omni_queue_oldest_seconds", "Age of the oldest waiting outbox row, seconds")
QUEUE_SIZE = Gauge("omni_queue_waiting", "Outbox rows that wait or are being worked on")
DEAD_JOBS = Gauge("omni_queue_dead", "Outbox rows that failed for good")
SOCKETS = Gauge("omni_chat_sockets", "Open widget connections of this process")
WEBHOOKS = Counter("omni_webhook_events_total", "Events of providers by what became of them", ["kind", "outcome"])
DELIVERIES = Counter("omni_deliveries_total", "Tries to send by channel and what came of them", ["channel", "outcome"])
ERRORS = Counter("omni_errors_total", "Unexpected errors by edge", ["edge"])
REFUSALS = Counter("omni_limit_refusals_total", "What a limit refused, by limit", ["limit"])
