"""The graph about the graph: what a snapshot holds, as a SPARQL service description and as VoID and DCAT."""

from kg.describe.dataset import Dataset, Graph, dataset_query, graph_query, merge_query, read_dataset
from kg.describe.partitions import MOST_QUADS, Partitions, read_partitions
from kg.describe.writing import (
    W3C_FORMATS,
    Addresses,
    Download,
    dataset_description,
    service_description,
    void_description,
)

__all__ = [
    "MOST_QUADS",
    "W3C_FORMATS",
    "Addresses",
    "Dataset",
    "Download",
    "Graph",
    "Partitions",
    "dataset_description",
    "dataset_query",
    "graph_query",
    "merge_query",
    "read_dataset",
    "read_partitions",
    "service_description",
    "void_description",
]
