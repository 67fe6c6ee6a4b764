"""What is worked out when it is first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):
    """A method that is called once for each object, and from then on is an attribute with what it returned.

    Two threads that ask at the same time may both work it out. `functools.cached_property` of Python 3.11 has them wait
    for one another, with a lock for all objects: in a process that was forked meanwhile nobody would ever get it.

    Args:
        work: the method.
    """

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        if instance is None:
            return self
        found = instance.__dict__[self._name] = self._work(instance)
        return found
