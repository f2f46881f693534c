import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contracts.mirrors.upstream import BOT, NOW, Upstream, git

from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("pattern")
    git(folder, "init", "-q", "--bare", "--template=", "upstream.git")
    git(folder, "init", "-q", "--template=", "work")
    made = Upstream(folder / "upstream.git", folder / "work")
    made.git("remote", "add", "origin", "../upstream.git")
    made.commit(
        {
            "environments/staging/payment/deployment.yaml": b"image: payment:v1\n",
            "environments/production/payment/deployment.yaml": b"image: payment:v1\n",
            "environments/production/api/deployment.yaml": b"image: api:v1\n",
        },
        "Begin",
    )
    made.push()
    return folder


@pytest.fixture
def upstream(tmp_path: Path, pattern: Path) -> Upstream:
    shutil.copytree(pattern, tmp_path, dirs_exist_ok=True, symlinks=True)
    return Upstream(tmp_path / "upstream.git", tmp_path / "work")


Open = Callable[..., Mirrors]


@pytest.fixture
def mirrors(tmp_path: Path, upstream: Upstream) -> Iterator[Open]:
    """Opens the bot's folder of mirrors; by default of `upstream`, as the repository `config`."""
    opened: list[Mirrors] = []

    def opens(url: str | None = None, *, branch: str = "main", data: str = "data", **options: object) -> Mirrors:
        repository = Repository("config", str(upstream.bare) if url is None else url, branch)
        settings = {"author": BOT, "now": lambda: NOW} | options
        opened.append(Mirrors(tmp_path / data, {"config": repository}, **settings))  # type: ignore[arg-type] # by name
        return opened[-1]

    yield opens
    for each in opened:
        each.close()
