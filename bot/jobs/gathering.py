"""Look at promotions for the follower: where they are proposed at the forge, where merged at Git and clusters.

Asks for all at once: a request each would be hundreds. What can't be seen now is left out of the evidence, and looked
for again; it keeps nothing back of the others. Judges nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from bot import pins
from bot.errors import Refusal, Unavailable
from bot.model.catalog import Catalog, Reading, Target
from bot.model.promotion import Promotion, Stage
from bot.model.pull import Progress
from bot.model.sync import Sighting
from bot.model.verification import Probe, Proof
from bot.ports import Forge, Git, Prober
from bot.promotions.evidence import Branch, Evidence, Look, Pushed

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""A promotion's repository and key."""

GAP = timedelta(minutes=1)
"""Looks further apart than this saw nothing of what was between them."""
LATE = timedelta(minutes=2)
"""How long Git may lack a commit that the forge tells of."""
PROBES_AT_ONCE = 8
REMEMBERED = 10_000
"""Pairs of commits of which it is kept which has the other."""


@dataclass
class Gathering:
    """One for the life of the process: it remembers since when it looks. `git` gives reads, all of them fresh."""

    catalog: Catalog
    forge: Callable[[], Forge | None]
    git: Callable[[], Git]
    look: Callable[[Git, Sequence[Target]], Sequence[Sighting]]
    prober: Prober
    _seen: dict[tuple[Key, str], tuple[datetime, datetime]] = field(default_factory=dict, init=False)
    """Since when each service of a promotion is looked at without a gap, and the last look."""
    _lacked: dict[Key, datetime] = field(default_factory=dict, init=False)
    """Since when Git lacks what a pull request became."""
    _contained: dict[tuple[str, str, str], bool] = field(default_factory=dict, init=False)
    _there: Mapping[tuple[str, str], Target] = field(default_factory=dict, init=False)
    """The targets at the last look."""
    _busy: dict[str, tuple[datetime, datetime]] = field(default_factory=dict, init=False)
    """From when until when each repository's forge wants to be left alone, where it said so."""

    def proposed(
        self, promotions: Collection[Promotion], others: Collection[Promotion], now: datetime
    ) -> Mapping[Key, Evidence]:
        """What the forge says of their pull requests. `others` are all that are underway: one may replace another."""
        forge, git = self.forge(), cache(self.git)
        found: dict[Key, Evidence] = {}
        for repository, asked in _by_repository(promotions).items():
            since, until = self._busy.get(repository, (now, now))
            if forge is None or since <= now < until:
                continue
            numbers = [each.pull for each in asked if each.pull is not None]
            try:
                told = forge.progress(repository, numbers)
            except (Refusal, Unavailable) as trouble:
                self._note(repository, trouble, now)
                continue
            for each in asked:
                try:
                    found[key_of(each)] = self._told(git, each, told.get(each.pull or 0), others, now)
                except Exception:  # the others go on
                    log.exception("looking at %s of %s broke", each.key, repository)
        here = set(map(key_of, promotions))
        self._lacked = {place: since for place, since in self._lacked.items() if place in here}
        return found

    def landed(self, promotions: Collection[Promotion], now: datetime) -> Mapping[Key, Evidence]:
        """What Git and the clusters say of merged ones."""
        found: dict[Key, Evidence] = {}
        there: dict[tuple[str, str], Target] = {}
        for repository, merged in _by_repository(promotions).items():
            try:
                git = self.git()
                there |= self._targets(git)
                found |= self._landed(git, merged, there, now)
            except (Refusal, Unavailable) as trouble:
                log.warning("promotions of %s can't be looked at: %s", repository, trouble)
                found |= {key_of(each): Evidence(blind=str(trouble).rstrip(".")) for each in merged}
            except Exception:  # those of other repositories go on
                log.exception("looking at promotions of %s broke", repository)
                found |= {key_of(each): Evidence(blind="the look broke; the bot's log says where") for each in merged}
        self._there = there
        self._seen = {place: times for place, times in self._seen.items() if now - times[1] <= GAP}
        return found

    def proofs(self, promotion: Promotion, services: Collection[str], probes: Sequence[Probe]) -> Evidence:
        """What comes of the probes of services."""
        due = [leg for leg in promotion.legs if leg.service in services]
        asked = [
            (leg, probe, target)
            for leg in due
            if (target := self._there.get((promotion.environment, leg.service)))
            for probe in probes
        ]
        since = self._since(promotion, [target for _, _, target in asked])
        with ThreadPoolExecutor(PROBES_AT_ONCE, "probe") as pool:
            came = pool.map(lambda each: self.prober.probe(each[1], each[2], each[0].to_version, since[each[2]]), asked)
            found: dict[str, list[Proof]] = defaultdict(list)
            for (leg, _, _), proof in zip(asked, came, strict=True):
                found[leg.service].append(proof)
        return Evidence(proofs={service: tuple(proofs) for service, proofs in found.items()})

    def _since(self, promotion: Promotion, targets: Sequence[Target]) -> Mapping[Target, datetime]:
        """Since when the branch has it. A hook may have run, and a Job ended, before anybody here saw the merge."""
        merged = promotion.reached.get(Stage.MERGED, promotion.asked)
        try:
            moves = self.git().latest([*dict.fromkeys(targets)])
        except (Refusal, Unavailable) as trouble:
            log.warning("since when %s is merged can't be read: %s", promotion.key, trouble)
            moves = {}
        dated = {target: min(merged, moves[target].commit.at) if target in moves else merged for target in targets}
        return {target: max(promotion.asked, since) for target, since in dated.items()}

    def _note(self, repository: str, trouble: Refusal | Unavailable, now: datetime) -> None:
        log.warning("pull requests of %s can't be looked at: %s", repository, trouble)
        if isinstance(trouble, Unavailable) and trouble.retry_after:
            self._busy[repository] = now, now + timedelta(seconds=trouble.retry_after)

    def _told(
        self,
        git: Callable[[], Git],
        promotion: Promotion,
        progress: Progress | None,
        others: Collection[Promotion],
        now: datetime,
    ) -> Evidence:
        if progress is None:
            return Evidence(gone=True)
        newer = _newer(promotion, others) if progress.pull.state == "closed" else ""
        return Evidence(progress, pushed=self._pushed(git, promotion, progress, now), newer=newer)

    def _pushed(self, git: Callable[[], Git], promotion: Promotion, progress: Progress, now: datetime) -> Pushed | None:
        """What a commit that is news has of the services; None where there is none, or it can't be read yet."""
        pull = progress.pull
        commit = pull.merged_as if pull.state == "merged" else pull.head
        if commit is None or (commit == promotion.head and pull.state == "open") or pull.state == "closed":
            return None
        try:
            targets = self._targets(git())
            versions = {
                leg.service: _version(git(), commit, targets.get((promotion.environment, leg.service)))
                for leg in promotion.legs
            }
            strangers = _strangers(git(), promotion, pull.head)
        except Refusal as refusal:
            log.info("%s of %s: %s", promotion.key, promotion.repository, refusal)
            # Of a fork, or merged into another branch: what it moves nobody can tell, and that is judged later.
            return Pushed({}) if now - self._lacked.setdefault(key_of(promotion), now) >= LATE else None
        except Unavailable as trouble:
            log.warning("%s of %s can't be read: %s", promotion.key, promotion.repository, trouble)
            return None
        self._lacked.pop(key_of(promotion), None)
        return Pushed(versions, strangers)

    def _landed(
        self,
        git: Git,
        promotions: Collection[Promotion],
        there: Mapping[tuple[str, str], Target],
        now: datetime,
    ) -> Mapping[Key, Evidence]:
        legs = [(each.environment, leg) for each in promotions for leg in each.legs if not leg.stage.is_end]
        places = dict.fromkeys((environment, leg.service) for environment, leg in legs)
        targets = {place: there[place] for place in places if place in there}
        readings = git.versions([*targets.values()])
        moved = {
            target
            for environment, leg in legs
            if (target := targets.get((environment, leg.service))) and readings[target].version != leg.to_version
        }
        latest = git.latest([*moved])
        looked, blind = self._looked(git, [*targets.values()])
        found: dict[Key, Evidence] = {}
        for each in promotions:
            branch: dict[str, Branch] = {}
            looks: dict[str, Look] = {}
            why = blind
            known = each.environment in self.catalog.environments
            if not known:
                why = f"{each.environment} is not in the config any more"
            for leg in each.legs if known else ():
                target = targets.get((each.environment, leg.service))
                reading = readings[target] if target else Reading(None)
                if leg.stage.is_end:
                    continue
                if reading.why:
                    why = why or reading.why
                    continue
                holds = self._contains(git, each.repository, git.head(each.repository).commit, each.commit)
                branch[leg.service] = Branch(reading.version, holds, latest.get(target) if target else None)
                if target and target in looked:
                    looks[leg.service] = self._look(git, each, looked[target], now)
            found[key_of(each)] = Evidence(branch=branch, looks=looks, blind=why)
        return found

    def _looked(self, git: Git, targets: Sequence[Target]) -> tuple[Mapping[Target, Sighting], str]:
        try:
            return {each.target: each for each in self.look(git, targets)}, ""
        except (Refusal, Unavailable) as trouble:
            log.warning("clusters can't be looked at: %s", trouble)
            return {}, str(trouble).rstrip(".")

    def _look(self, git: Git, promotion: Promotion, sighting: Sighting, now: datetime) -> Look:
        place = (key_of(promotion), sighting.target.service)
        since, last = self._seen.get(place, (now, now))
        if not timedelta() <= now - last <= GAP:  # a clock may be set back
            since = now
        self._seen[place] = (since, now)
        engine = sighting.deployed
        if engine is None:
            return Look(sighting, since)
        applied = self._has(git, promotion, engine.revision)
        return Look(sighting, since, applied, self._has(git, promotion, engine.attempted))

    def _has(self, git: Git, promotion: Promotion, commit: str | None) -> bool | None:
        """None for a commit that isn't here: of another repository, or newer than the last fetch."""
        if commit is None or not self._contains(git, promotion.repository, commit, commit):
            return None
        return self._contains(git, promotion.repository, commit, promotion.commit)

    def _contains(self, git: Git, repository: str, commit: str, earlier: str) -> bool:
        """Asked once of commits that are both here: what they have of each other stays so."""
        pair = (repository, commit, earlier)
        if pair in self._contained:
            return self._contained[pair]
        found = git.contains(*pair)
        here = found or (
            commit != earlier
            and self._contains(git, repository, commit, commit)
            and self._contains(git, repository, earlier, earlier)
        )
        if here:
            if len(self._contained) > REMEMBERED:
                self._contained.clear()
            self._contained[pair] = found
        return found

    def _targets(self, git: Git) -> Mapping[tuple[str, str], Target]:
        return {(each.environment, each.service): each for each in git.targets(self.catalog)}


def key_of(promotion: Promotion) -> Key:
    return promotion.repository, promotion.key


def _by_repository(promotions: Iterable[Promotion]) -> Mapping[str, list[Promotion]]:
    found: dict[str, list[Promotion]] = defaultdict(list)
    for each in promotions:
        found[each.repository].append(each)
    return found


def _newer(promotion: Promotion, others: Iterable[Promotion]) -> str:
    """The key of one that was asked for later and moves all the same services."""
    services = {leg.service for leg in promotion.legs}
    later = [
        each
        for each in others
        if (each.repository, each.environment) == (promotion.repository, promotion.environment)
        and each.key != promotion.key
        and each.asked > promotion.asked
        and each.stage is not Stage.CLOSED
        and services <= {leg.service for leg in each.legs}
    ]
    return min(later, key=lambda each: each.asked).key if later else ""


def _version(git: Git, commit: str, target: Target | None) -> str | None:
    """What a commit has; None where that is nothing, or nothing that can be told. Refusal if the commit isn't there."""
    return pins.told(git.at(target.repository, commit), target) if target else None


def _strangers(git: Git, promotion: Promotion, head: str) -> tuple[str, ...]:
    """Who wrote commits of a new head that are not ours; merges of the base are nobody's."""
    if not promotion.head or head == promotion.head:
        return ()
    try:
        brought = git.unmerged(promotion.repository, head)
    except Refusal:  # squashed, and gone with its branch: who wrote it is nobody's to tell any more
        return ()
    others = (each for each in brought if not each.is_ours and len(each.parents) == 1)
    return tuple(dict.fromkeys(each.author for each in others))
