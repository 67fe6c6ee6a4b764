"""What commands share that look at the text of policies by the lints of layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policyengine.cli.common import imports_from
from policyengine.engine.problems import NO_LAYER, NO_LINTS
from policyengine.errors import PolicyError, Problem, place_of

if TYPE_CHECKING:
    from policyengine.engine.plugins import Plugins
    from policyengine.hooks import LintQuery
    from policyengine.language.documents import Documents
    from policyengine.model.policy import Policy

against_option = click.option(
    "--against",
    multiple=True,
    type=click.Path(),
    metavar="LAYER",
    help="A layer, such as a law: look for what it asks of the text of the policies. May be repeated.",
)


class Against:
    """The layers whose lints look, on one day.

    Args:
        plugins: the plugins of the call, whose lints look.
        paths: the packs of the layers.
        day: the day; by default, for each layer, the last on which anything in it changed.

    Attributes:
        layers: the layers that can be asked.
        unusable: what is wrong with the others.
    """

    def __init__(self, plugins: Plugins, paths: Iterable[str], day: str | None = None) -> None:
        self._plugins = plugins
        self._day = day
        self.layers: list[Policy] = []
        self.unusable: list[Problem] = []
        for path in dict.fromkeys(paths):
            self._add(path)

    def _add(self, path: str) -> None:
        problems, layer = _checked(path, self._plugins)
        if layer is None:
            self.unusable += problems
        elif not layer.layer:
            self.unusable.append(NO_LAYER.at(place_of(layer.source), id=layer.id))
        elif not self._asks(layer):
            self.unusable.append(NO_LINTS.at(place_of(layer.source), id=layer.id))
        else:
            self.layers.append(layer)

    @property
    def names(self) -> frozenset[str]:
        """The names of the lints that look."""
        ids = {layer.id for layer in self.layers}
        lints = self._plugins.lints if ids else {}
        return frozenset(name for name, lint in lints.items() if lint.layer in ids)

    def lacking(self, pack: str | Path | Documents, policy: Policy) -> Iterator[Problem]:
        """Yield what the layers ask of the text of a pack, and it lacks."""
        from policyengine.engine.lints import lint_problems  # noqa: PLC0415  needed only where layers are asked

        for layer in self.layers:
            yield from lint_problems(self._plugins.lints.values(), self._query(pack, policy, layer))

    def changed(
        self, old: str | Path | Documents, before: Policy, new: str | Path | Documents, policy: Policy
    ) -> Iterator[Problem]:
        """Yield what the layers have against a version of a policy or the change to it, and not against the earlier.

        Args:
            old: the pack of the earlier version.
            before: its policy.
            new: the pack of the later one.
            policy: its policy.
        """
        from policyengine.engine.lints import new_problems  # noqa: PLC0415

        for layer in self.layers:
            query = self._query(new, policy, layer)._replace(before=self._query(old, before, layer))
            yield from new_problems(self._plugins.lints.values(), query)

    def together(self, paths: Sequence[str | Path]) -> Iterator[tuple[str | Path, Policy, list[Problem]]]:
        """Yield each of some packs that is no layer, with what those among them that are layers ask of its text."""
        found = [(path, policy) for path in paths if (policy := _checked(path, self._plugins)[1]) is not None]
        self.layers += [policy for _, policy in found if policy.layer and self._asks(policy)]
        if self.layers:
            yield from ((path, policy, list(self.lacking(path, policy))) for path, policy in found if not policy.layer)

    def _asks(self, layer: Policy) -> bool:
        return any(lint.layer == layer.id for lint in self._plugins.lints.values())

    def _query(self, pack: str | Path | Documents, policy: Policy, layer: Policy) -> LintQuery:
        from policyengine.engine.lints import moment_of  # noqa: PLC0415
        from policyengine.hooks import LintQuery  # noqa: PLC0415
        from policyengine.language.disk import Files  # noqa: PLC0415
        from policyengine.language.pack import load_pack  # noqa: PLC0415

        return LintQuery(load_pack(pack, Files(imports_from())), policy, layer, moment_of(layer, self._day))


def _checked(path: str | Path, plugins: Plugins) -> tuple[list[Problem], Policy | None]:
    from policyengine.language.build import checked  # noqa: PLC0415
    from policyengine.language.disk import Files  # noqa: PLC0415

    try:
        return checked(path, plugins.kinds, Files(imports_from()))
    except PolicyError as error:
        return list(error.problems), None
