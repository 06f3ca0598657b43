"""The desk: processes that take in what is submitted, so that no text of a stranger is read where pages are served."""

from kg.desk.wire import Errand, Receipt, Task, run_errand

__all__ = ["Errand", "Receipt", "Task", "run_errand"]
