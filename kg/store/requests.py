"""Requests to a SPARQL 1.1 store by SPARQLWrapper, and its errors as ours.

Source: SPARQL 1.1 Protocol §2.1.3 (query via URL-encoded POST) and §2.2.2 (update via POST directly).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError

from SPARQLWrapper import DIGEST, INSERT, POST, POSTDIRECTLY, SELECT, URLENCODED, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException, Unauthorized

from kg.errors import QueryError, StoreAway
from kg.settings import Endpoint

_AGENT: Final = "unemg-kg"
_SHOWN_CHARACTERS: Final = 300
_REMEDY: Final = "look whether it runs, and at KG_STORE; then ask again"


def send_query(
    endpoint: Endpoint, text: str, *, accept: str, parameters: Sequence[tuple[str, str]], seconds: int
) -> Any:
    """The response to a query, with further parameters.

    Raises:
        QueryError: the store says that it cannot evaluate the query.
        StoreAway: it does not answer.
    """
    wrapper = _wrapper(endpoint, text, accept=accept, parameters=parameters, seconds=seconds)
    wrapper.setRequestMethod(URLENCODED)
    wrapper.queryType = SELECT
    return _sent(wrapper, endpoint)


def send_update(endpoint: Endpoint, text: str, *, parameters: Sequence[tuple[str, str]], seconds: int) -> Any:
    """The response to an update, with further parameters.

    Raises:
        QueryError: the store says that it cannot make the update.
        StoreAway: it does not answer.
    """
    wrapper = _wrapper(endpoint, text, accept="*/*", parameters=parameters, seconds=seconds)
    wrapper.setRequestMethod(POSTDIRECTLY)
    wrapper.queryType = INSERT
    return _sent(wrapper, endpoint)


def _wrapper(
    endpoint: Endpoint, text: str, *, accept: str, parameters: Sequence[tuple[str, str]], seconds: int
) -> SPARQLWrapper:
    """A request; its text is given as it is, as what it is would otherwise be guessed from words in it."""
    wrapper = SPARQLWrapper(endpoint.url, agent=_AGENT)
    wrapper.setMethod(POST)
    wrapper.setOnlyConneg(True)
    wrapper.setTimeout(seconds)
    wrapper.addCustomHttpHeader("Accept", accept)
    wrapper.queryString = text
    for name, value in parameters:
        wrapper.addParameter(name, value)
    if endpoint.user:
        wrapper.setCredentials(endpoint.user, endpoint.password)
    return wrapper


def _sent(wrapper: SPARQLWrapper, endpoint: Endpoint) -> Any:
    """The response to a request that was sent; who is not let in with a basic password tries with a digest of it."""
    try:
        try:
            return wrapper.query().response
        except Unauthorized:
            if not endpoint.user:
                raise
            wrapper.setHTTPAuth(DIGEST)
            return wrapper.query().response
    except QueryBadFormed as error:
        raise QueryError(
            f"the store cannot evaluate the query: {_words(error)}", remedy="change the query to what this store knows"
        ) from error
    except Unauthorized as error:
        raise StoreAway(f"the store {endpoint} lets nobody in like this", remedy="mend the user in KG_STORE") from error
    except HTTPError as error:
        error.close()
        raise StoreAway(f"the store {endpoint} answered with {error.code}", remedy=_REMEDY) from error
    except SPARQLWrapperException as error:
        raise StoreAway(f"the store {endpoint} failed: {error.msg}", remedy=_REMEDY) from error
    except URLError as error:
        raise StoreAway(f"the store {endpoint} does not answer: {error.reason}", remedy=_REMEDY) from error
    except (HTTPException, OSError) as error:
        raise StoreAway(f"the store {endpoint} does not answer: {error!r}", remedy=_REMEDY) from error


def _words(error: SPARQLWrapperException) -> str:
    """The first words of what the store says; the library gives them as the text of a bytes literal."""
    literal = str(error).partition("\nResponse:\n")[2]
    try:
        said = ast.literal_eval(literal).decode("utf-8", "replace") if literal else "it does not say why"
    except (SyntaxError, ValueError):
        said = literal
    return " ".join(said.split())[:_SHOWN_CHARACTERS]
