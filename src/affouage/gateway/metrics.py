"""``GET /metrics``: how busy the commons is and how its machines are, in Prometheus' text format, for operators.

Counts by model and by machine only: no member, no request, no text.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.asgi.headers import ANSWERED
from affouage.asgi.relay import metrics_of
from affouage.gateway.exposition import CONTENT_TYPE, family, merged
from affouage.gateway.vitals import of_process, of_the_books, of_the_house, of_the_web


class Metrics:
    """The route."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons

    async def show(self, request: Request) -> Response:
        house = await of_the_house(self._commons)
        own = self.own(request.scope.get(ANSWERED, Counter()))
        body = "".join((*self._queues(), *self._machines(), house, await self._with_others(own)))
        return Response(body, headers={"cache-control": "no-store", "content-type": CONTENT_TYPE})

    def own(self, answered: Counter[int]) -> str:
        """What this process alone counts. ``answered``: answers over HTTP, by status."""
        return "".join((*self._messages(), of_the_web(answered), of_the_books(self._commons), *of_process()))

    async def _with_others(self, own: str) -> str:
        """Where several processes serve, what each counts, under its number."""
        gateways = self._commons.gateways
        if gateways is None or not gateways.several:
            return own
        others, run_dir = gateways.others(), self._commons.settings.run_dir
        told = await asyncio.gather(*(metrics_of(run_dir, one.id) for one in others))
        by_number = {gateways.number: own} | {one.number: text for one, text in zip(others, told, strict=True) if text}
        return merged({str(number): text for number, text in sorted(by_number.items())}, "worker")

    def _queues(self) -> Iterable[str]:
        lines = self._commons.inference.scheduler.snapshot()
        by_model = [({"model": one.model_id}, one) for one in lines]
        yield family(
            "affouage_queue_waiting", "gauge", "Requests that wait.", ((on, one.waiting) for on, one in by_model)
        )
        yield family(
            "affouage_queue_waiting_no_hurry",
            "gauge",
            "Of those, the ones that do not press.",
            ((on, one.no_hurry) for on, one in by_model),
        )
        yield family(
            "affouage_slots_in_use", "gauge", "Requests being served.", ((on, one.running) for on, one in by_model)
        )
        yield family(
            "affouage_slots_open",
            "gauge",
            "Requests that could be served at once now.",
            ((on, one.slots) for on, one in by_model),
        )

    def _machines(self) -> Iterable[str]:
        dispatcher = self._commons.dispatcher
        if dispatcher is None:
            return
        views = dispatcher.nodes()
        states = Counter(one.closed or one.state if one.state == "here" else one.state for one in views)
        states["pending"] = sum(one.state == "pending" for one in self._commons.enrolment.records().values())
        yield family(
            "affouage_nodes",
            "gauge",
            "Machines of members and of the collective, by how they are.",
            (({"state": state}, count) for state, count in sorted(states.items())),
        )
        yield family(
            "affouage_node_watts",
            "gauge",
            "Drawn now; absent while unknown.",
            (({"node": one.id}, one.watts) for one in views if one.watts is not None and one.state != "absent"),
        )

    def _messages(self) -> Iterable[str]:
        dispatcher = self._commons.dispatcher
        if dispatcher is None:
            return
        links = [({"node": one.record.id}, one) for one in dispatcher.links()]
        yield family(
            "affouage_node_runs_lost_total",
            "counter",
            "Answers lost with their machine.",
            ((on, link.lost_runs) for on, link in links),
        )
        yield family(
            "affouage_node_resends_total",
            "counter",
            "Times that lost chunks were asked for again.",
            ((on, link.resends) for on, link in links),
        )
        yield family(
            "affouage_node_messages_dropped_total",
            "counter",
            "Messages of no use: repeated, malformed, too many, on the wrong subject.",
            (
                ({**on, "reason": reason}, count)
                for on, link in links
                for reason, count in sorted((link.dropped + link.dropped_before).items())
            ),
        )
        yield family(
            "affouage_node_claims_refused_total",
            "counter",
            "Claims of machines that were not believed.",
            (({**on, "reason": reason}, count) for on, link in links for reason, count in sorted(link.refused.items())),
        )
        unknown = dispatcher.unknown + dispatcher.unknown_before
        yield family(
            "affouage_messages_refused_total",
            "counter",
            "Messages under the name of no machine of ours.",
            (({"reason": reason}, count) for reason, count in sorted(unknown.items())),
        )
