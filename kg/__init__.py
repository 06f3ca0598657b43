"""Turns a folder of ontology, shapes, queries and data into a validated, versioned, queryable linked-data service."""
