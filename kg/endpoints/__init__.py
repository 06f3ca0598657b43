"""Other services on the network, asked politely and within bounds. A reply is never followed to another address."""

from kg.endpoints.requests import AGENT, Bounds, Reply, host_of, send
from kg.endpoints.sparql import GRAPH_TYPE, ROWS_TYPE, ask_endpoint, rows_in, serious

__all__ = [
    "AGENT",
    "GRAPH_TYPE",
    "ROWS_TYPE",
    "Bounds",
    "Reply",
    "ask_endpoint",
    "host_of",
    "rows_in",
    "send",
    "serious",
]
