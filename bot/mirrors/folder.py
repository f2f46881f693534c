"""The folder of mirrors: one for each repository of the catalog, and what is read from and written through them."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from bot import pins
from bot.mirrors.mirror import Mirror
from bot.mirrors.notes import logic
from bot.mirrors.reader import Archive, Archives, Reader
from bot.mirrors.remote import Remote
from bot.mirrors.versions import Version
from bot.mirrors.work import Writer, clock
from bot.model.catalog import Repository
from bot.model.change import Author
from bot.model.secret import Secret
from bot.ports import Committer


class Mirrors:
    """Made once a process; threads share it. `close` it to end the processes that read objects.

    `data` is the folder for everything kept (`QUARTERDECK_DATA`); several processes may use it at once.
    """

    def __init__(
        self,
        data: Path,
        repositories: Mapping[str, Repository],
        *,
        tokens: Mapping[str, Secret] = MappingProxyType({}),
        author: Author | None = None,
        now: Callable[[], datetime] = clock,
        version: Version = pins.current,
        committer: Committer | None = None,
    ) -> None:
        """`tokens` open repositories, by their names, over HTTP; the others are asked without.

        `committer` is the forge, if it is to make and sign the commits.
        """
        self._mirrors = {
            name: Mirror(_place(data, repository), Remote(repository, tokens.get(name)))
            for name, repository in repositories.items()
        }
        meaning = f"{version.__qualname__} of {logic()}"
        self._archives = Archives(
            (name, Archive(mirror, data.absolute() / "notes" / mirror.folder.stem, version, meaning))
            for name, mirror in self._mirrors.items()
        )
        self._writer = Writer(self._mirrors, author or Author(), now, committer)

    def reader(self) -> Reader:
        """Reads for one command: it fetches each repository once, at the first look, and stays with what it saw."""
        return Reader(self._archives)

    def writer(self) -> Writer:
        return self._writer

    def close(self) -> None:
        for mirror in self._mirrors.values():
            mirror.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _place(data: Path, repository: Repository) -> Path:
    """Readable by its name, one's own by its URL: a repository that moved gets a new mirror."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", repository.name)[:40]
    return data.absolute() / "mirrors" / f"{name}-{sha256(repository.url.encode()).hexdigest()[:12]}.git"
