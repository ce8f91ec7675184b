"""What ``/metrics`` says of the stream: how far the processor is, and how fresh what listeners are told is."""

from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, Histogram

from watthouse.serve.live import Live

_DELAYS: Final = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)


class StreamMeasures:
    """Gauges of what the processor noted last, read when they are asked for; a delay for each slot that was pushed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.listeners = Gauge("watthouse_live_listeners", "Connections that listen", registry=registry)
        self.reachable = Gauge(
            "watthouse_stream_store_reachable", "1 where the stream's store could be read, else 0", registry=registry
        )
        self.delay = Histogram(
            "watthouse_live_delay_seconds",
            "Time from an observation to listeners being told",
            registry=registry,
            buckets=_DELAYS,
        )
        self.lag = Gauge("watthouse_stream_lag_messages", "Messages not yet processed", ["topic"], registry=registry)
        self.dead = Gauge("watthouse_stream_dead_letters", "Messages that could not be used", registry=registry)
        self.rows = Gauge("watthouse_stream_batch_rows", "Messages of the last batch", registry=registry)
        self.seconds = Gauge("watthouse_stream_batch_seconds", "Duration of the last batch", registry=registry)
        self.processed = Gauge(
            "watthouse_stream_processed_timestamp_seconds", "When the last batch was processed", registry=registry
        )

    def read(self, live: Live) -> None:
        """Take over what the store says; without one the gauges stay at 0."""
        self.listeners.set(live.listeners)
        if not live.is_set:
            return
        state = live.state()
        self.reachable.set(not state.fault)
        progress = state.progress or {}
        for topic, behind in progress.get("lag", {}).items():
            self.lag.labels(topic).set(behind)
        self.dead.set(progress.get("dead_letters", 0))
        self.rows.set(progress.get("rows", 0))
        self.seconds.set(progress.get("seconds", 0))
        at = progress.get("at")
        self.processed.set(at.timestamp() if isinstance(at, datetime) else 0)
