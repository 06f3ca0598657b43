"""Who may write, from where, and how often: tokens, origins, addresses, allowances."""

from kg.access.addresses import Network, client_address, counted_address
from kg.access.allowance import Allowance
from kg.access.bearer import Tokens
from kg.access.origins import may_ask_to_write, origin_of, refuse_cross_site
from kg.access.register import Register
from kg.access.tokens import ADMIN, DEFAULT_DAYS, REVIEW, SCOPES, SUBMIT, Holder, Token, includes, read_last_day

__all__ = [
    "ADMIN",
    "DEFAULT_DAYS",
    "REVIEW",
    "SCOPES",
    "SUBMIT",
    "Allowance",
    "Holder",
    "Network",
    "Register",
    "Token",
    "Tokens",
    "client_address",
    "counted_address",
    "includes",
    "may_ask_to_write",
    "origin_of",
    "read_last_day",
    "refuse_cross_site",
]
