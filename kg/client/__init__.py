"""For notebooks and scripts: a graph behind an address or in a folder, and its answers as Python values.

from kg.client import Graph

graph = Graph("https://kg.example.org")
graph.ask("competency/deliverables-supporting-framework").to_pandas()
"""

from kg.client.answers import Result
from kg.client.graph import Graph
from kg.client.questions import Parameter, Question
from kg.client.reports import Finding, Receipt, Report

__all__ = ["Finding", "Graph", "Parameter", "Question", "Receipt", "Report", "Result"]
