"""Gauges of the live state, read at the moment when Prometheus asks."""

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callbridge.ami.link import Link
from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState
from callbridge.runtime import Pbx, Runtime


class GatewayMetrics(Collector):
    def __init__(self, registry: CollectorRegistry, runtime: Runtime, link: Link, pbx: Pbx) -> None:
        self._runtime = runtime
        self._link = link
        self._pbx = pbx
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Nothing: names do not clash with anybody's, and there is nothing to read before the start."""
        return []

    def collect(self) -> Iterator[Metric]:
        world = self._runtime.world
        yield GaugeMetricFamily("callbridge_pbx_up", "1 once the PBX has been seen", value=int(world.pbx_up))
        calls = GaugeMetricFamily("callbridge_calls", "Calls that have not ended", labels=["state"])
        tally = Tally(call.state for call in world.calls.values())
        for state in CallState:
            if state is not CallState.ENDED:
                calls.add_metric([state.value], tally[state])
        yield calls
        agents = GaugeMetricFamily("callbridge_agents", "Agents", labels=["state"])
        people = Tally(agent.state for agent in world.agents.values())
        for who in AgentState:
            agents.add_metric([who.value], people[who])
        yield agents
        yield GaugeMetricFamily(
            "callbridge_ami_lag_seconds", "How late the last AMI event came", value=self._link.lag or 0.0
        )
        yield GaugeMetricFamily("callbridge_ami_pending", "AMI actions without an answer", value=self._link.pending)
        yield CounterMetricFamily(
            "callbridge_ami_unstamped", "Events dropped because they could be forged", value=self._pbx.unstamped
        )
        for name in self._link.counters.__slots__:
            value = getattr(self._link.counters, name)
            yield CounterMetricFamily(f"callbridge_ami_{name}", f"AMI link: {name.replace('_', ' ')}", value=value)
