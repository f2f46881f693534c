"""From a file to settings, and every way not to get there."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.settings import Drift, Settings, load
from bot.errors import Refusal
from bot.model.catalog import Catalog, Delivery, Environment, ImagePolicy, Merge, Place, Repository, Service
from bot.model.change import Author
from bot.model.rules import Ignore, Person, Role, Rules
from bot.model.schedule import Cron, Every
from bot.model.verification import JobProbe, OnFailure, QueryProbe, UrlProbe, Verification

SMALLEST = """\
repositories: {config: {url: https://github.com/acme/gitops.git}}
environments: {staging: {path: "environments/staging/{service}"}}
"""

WHOLE = """\
repositories:
  config: {url: https://github.com/acme/gitops.git, branch: live}
  own: {url: "git@github.com:acme/own.git", ssh_key_file: keys/own}
  local: {url: ../gitops}
environments:                                  # in order of promotion
  staging:
    path: environments/staging/{service}
    repository: config
    cluster: staging
    change: push
  production:
    aliases: [prod, live]
    path: ["environments/production/{service}/", "apps/{service}/production"]
    repository: config
    cluster: in-cluster
    engine: none
    reviewers: [acme/sre, ana]
    channel: "#deploys"
services:
  payment: {image: registry.example.com/payment, namespace: pay, aliases: pay, repository: own}
  api:
images:
  allow: ["registry.example.com/*"]
  version: semver
drift:
  cron: "*/5 8-18 * * 1-5"
  zone: Europe/Berlin
  jitter: 1m
  channel: C0123456789
  heal: nothing
  ignore: [{kind: Deployment, path: /spec/replicas, why: "scaled by HPA"}]
people: {U123ABC: {github: ana, roles: [deployer]}}
roles: {deployer: {may: [promote, rollback], in: [staging]}, sre: {may: "*", in: "*"}}
author: {name: Deck, email: deck@example.com}
"""


def settings(folder: Path, text: str, verbs: tuple[str, ...] = ()) -> Settings:
    file = folder / "quarterdeck.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, verbs)


def problems(folder: Path, text: str, verbs: tuple[str, ...] = ("promote", "rollback")) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        settings(folder, text, verbs)
    return [line.removeprefix(f"{folder}/") for line in str(refusal.value).splitlines()]


def test_the_smallest_config_has_safe_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, SMALLEST) == Settings(
        Catalog(
            {"config": Repository("config", "https://github.com/acme/gitops.git", "main")},
            {"staging": Environment("staging", ("environments/staging/{service}",), "config")},
        ),
        Rules(),
        Drift(Every(timedelta(minutes=5)), timedelta(seconds=10)),
        Author("Quarterdeck", "quarterdeck@noreply.invalid"),
    )


def test_a_whole_config(tmp_path: Path) -> None:
    found = settings(tmp_path, WHOLE, ("promote", "rollback"))
    assert found == Settings(
        Catalog(
            {
                "config": Repository("config", "https://github.com/acme/gitops.git", "live"),
                "own": Repository("own", "git@github.com:acme/own.git", ssh_key_file=tmp_path / "keys/own"),
                "local": Repository("local", str(tmp_path / "../gitops")),
            },
            {
                "staging": Environment(
                    "staging",
                    ("environments/staging/{service}",),
                    "config",
                    cluster="staging",
                    delivery=Delivery.PUSH,
                ),
                "production": Environment(
                    "production",
                    ("environments/production/{service}", "apps/{service}/production"),
                    "config",
                    cluster="in-cluster",
                    engine="none",
                    aliases=("prod", "live"),
                    channel="#deploys",
                    reviewers=("acme/sre", "ana"),
                ),
            },
            {
                "payment": Service("payment", ("pay",), "registry.example.com/payment", "pay", "own"),
                "api": Service("api"),
            },
            ImagePolicy(("registry.example.com/*",), "semver"),
        ),
        Rules(
            {"U123ABC": Person("U123ABC", "ana", ("deployer",))},
            {"deployer": Role("deployer", ("promote", "rollback"), ("staging",)), "sre": Role("sre", ("*",), ("*",))},
        ),
        Drift(
            Cron.parse("*/5 8-18 * * 1-5", "Europe/Berlin"),
            timedelta(minutes=1),
            "C0123456789",
            offer=False,
            ignore=(Ignore("scaled by HPA", "Deployment", "", "/spec/replicas"),),
        ),
        Author("Deck", "deck@example.com"),
    )
    assert list(found.catalog.environments) == ["staging", "production"]


def test_keys_of_ssh_signing_and_co_authors(tmp_path: Path) -> None:
    text = """\
repositories: {config: {url: "git@git.example.com:acme/gitops.git", ssh_key_file: key, ssh_known_hosts_file: known}}
environments: {staging: {path: "staging/{service}"}}
people: {U123ABC: {github: ana, email: 1+ana@users.noreply.github.com}}
author: {sign: ssh}
"""
    (tmp_path / "quarterdeck.yaml").write_text(text)
    found = load(tmp_path / "quarterdeck.yaml")
    repository = found.catalog.repositories["config"]
    assert (repository.ssh_key_file, repository.ssh_known_hosts_file) == (tmp_path / "key", tmp_path / "known")
    assert found.rules.people["U123ABC"].email == "1+ana@users.noreply.github.com"
    assert found.author == Author(sign="ssh")
    (tmp_path / "quarterdeck.yaml").write_text(text.replace("sign: ssh", "sign: x509"))
    with pytest.raises(Refusal, match=r"quarterdeck\.yaml:4: author\.sign"):
        load(tmp_path / "quarterdeck.yaml")


def test_every_problem_is_said_at_once_with_its_line_and_the_nearest_word(tmp_path: Path) -> None:
    text = """\
repositories:
  config: {url: https://github.com/acme/gitops.git}
environments:
  staging:
    path: environments/staging/{service}
    repository: confg
    change: pull
  production:
    aliases: [Staging]
    path: environments/production/{service}
    aproval: 2
    channel: #deploys
drift: {every: 5 minutes}
people:
  U1: {roles: [deploier]}
roles:
  deployer:
    may: [promote, rolback]
    in: [prodution]
"""
    assert problems(tmp_path, text) == [
        "quarterdeck.yaml:6: environments.staging.repository: unknown repository 'confg'; did you mean 'config'?",
        "quarterdeck.yaml:7: environments.staging.change must be 'push' or 'pull-request'",
        "quarterdeck.yaml:9: environments.production.aliases: 'Staging' means staging already",
        "quarterdeck.yaml:11: unknown key 'aproval' under environments.production; did you mean 'approvals'?",
        "quarterdeck.yaml:12: environments.production.channel: has no value; quote it if it begins with #",
        "quarterdeck.yaml:13: drift.every: '5 minutes' is not a duration such as 30s, 5m or 1h30m",
        "quarterdeck.yaml:15: people.U1.roles: unknown role 'deploier'; did you mean 'deployer'?",
        "quarterdeck.yaml:18: roles.deployer.may: unknown verb 'rolback'; did you mean 'rollback'?",
        "quarterdeck.yaml:19: roles.deployer.in: unknown environment 'prodution'; did you mean 'production'?",
    ]


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("environments.production", "approvals: 2"),
        ("environments.production", 'freeze: [{from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Berlin}]'),
    ],
)
def test_a_gate_that_nothing_enforces_yet_is_refused(tmp_path: Path, section: str, key: str) -> None:
    kind, name = section.split(".")
    path = ', path: "environments/production/{service}"' if kind == "environments" else ""
    other = "" if kind == "environments" else SMALLEST.splitlines()[1] + "\n"
    text = f"{SMALLEST.splitlines()[0]}\n{other}{kind}:\n  {name}: {{{key}{path}}}\n"
    (problem,) = problems(tmp_path, text)
    line = text.splitlines().index(f"  {name}: {{{key}{path}}}") + 1
    name = key.partition(":")[0]
    assert problem.startswith(f"quarterdeck.yaml:{line}: {name!r} is not supported yet under {section}: ")


@pytest.mark.parametrize(
    ("keys", "offer", "sync", "confirm", "secrets"),
    [
        ("{}", True, False, False, True),
        ("{heal: nothing}", False, False, False, True),
        ("{heal: sync, confirm: true, secrets: skip}", True, True, True, False),
    ],
)
def test_drift_heals_confirms_and_reads_secrets_as_told(
    tmp_path: Path, keys: str, *, offer: bool, sync: bool, confirm: bool, secrets: bool
) -> None:
    drift = settings(tmp_path, f"{SMALLEST}drift: {keys}\n").drift
    assert (drift.offer, drift.sync, drift.confirm, drift.secrets) == (offer, sync, confirm, secrets)


def test_an_ignore_rule_names_a_client_a_service_and_an_environment(tmp_path: Path) -> None:
    rule = "{manager: vpa-updater, service: payment, in: staging, why: resized}"
    assert settings(tmp_path, f"{SMALLEST}drift: {{ignore: {rule}}}\n").drift.ignore == (
        Ignore("resized", manager="vpa-updater", service="payment", environment="staging"),
    )


CREDENTIALS = "carries credentials; remove them and set GITHUB_TOKEN in the environment"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "https://ghp_hunter2@github.com/a/b",
            CREDENTIALS,
        ),
        (
            "https://u:hunter2@github.com/a/b",
            CREDENTIALS,
        ),
        ("ssh://git:hunter2@host/a", CREDENTIALS),
        ("https://github.com/a/b?token=hunter2", "has a ? or # part, which no repository's address needs"),
        ("ext::sh -c hunter2", "is not an address: use https, ssh or a local path"),
        ("--upload-pack=hunter2", "is not an address: use https, ssh or a local path"),
        ("ssh://-oProxyCommand=hunter2/a", "names no host"),
        ("ssh://git@-oProxyCommand=hunter2/a", "names no host"),
        ("git@-oProxyCommand=hunter2:a/b", "is neither a path nor user@host:path"),
        ("http://github.com/hunter2", "is plain http, which would show the token on its way; use https"),
        ("http://127.0.0.1.example.com/hunter2", "is plain http, which would show the token on its way; use https"),
        ("git://github.com/hunter2", "is of a protocol that isn't allowed; use https, ssh or a local path"),
        ("https:///hunter2", "names no host"),
        ("https://[hunter2", "is not a well-formed address"),
        ("https://host:hunter2/x", "is not a well-formed address"),
        ('"a\\nhunter2"', "holds a line break or control character"),
    ],
)
def test_an_address_that_is_unsafe_is_refused_and_not_repeated(tmp_path: Path, url: str, sentence: str) -> None:
    quoted = url if url.startswith('"') else f"'{url}'"
    text = SMALLEST.replace("https://github.com/acme/gitops.git", quoted)
    assert problems(tmp_path, text) == [f"quarterdeck.yaml:1: repositories.config.url: {sentence}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/gitops.git",
        "http://127.0.0.1:8080/acme/gitops.git",
        "http://localhost/a.git",
        "http://[::1]:80/a.git",
        "ssh://git@github.com:22/acme/gitops.git",
        "git@github.com:acme/gitops.git",
        "file:///srv/gitops.git",
        "/srv/gitops.git",
    ],
)
def test_addresses_of_every_allowed_kind_stay_as_they_are(tmp_path: Path, url: str) -> None:
    text = SMALLEST.replace("https://github.com/acme/gitops.git", f"'{url}'")
    assert settings(tmp_path, text).catalog.repositories["config"].url == url


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("environments/staging", "'environments/staging' has no {service}, which stands for the service's name"),
        ("/srv/{service}", "'/srv/{service}' must be relative to the repository's root, without . or .."),
        ("../{service}", "'../{service}' must be relative to the repository's root, without . or .."),
        ("a/./{service}", "'a/./{service}' must be relative to the repository's root, without . or .."),
        ("a//{service}", "'a//{service}' must be relative to the repository's root, without . or .."),
        ("{env}/{service}", "'{env}/{service}' has braces other than {service}"),
        ("*/{service}", "'*/{service}' has a wildcard or a backslash; only {service} varies"),
    ],
)
def test_a_path_that_leaves_the_repository_or_names_no_service_is_refused(
    tmp_path: Path, path: str, sentence: str
) -> None:
    text = SMALLEST.replace("environments/staging/{service}", path)
    assert problems(tmp_path, text) == [f"quarterdeck.yaml:2: environments.staging.path: {sentence}"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("images: {version: '(('}", "images.version: is neither semver nor a regular expression"),
        ("images: {allow: ['a b']}", "images.allow: 'a b' is not an image's name, where * stands for anything"),
        (
            "drift: {cron: '* * *'}",
            "drift.cron: a cron line has five fields (minute hour day month weekday), this has 3",
        ),
        ("drift: {every: 0m}", "drift.every: '0m' is not a duration such as 30s, 5m or 1h30m"),
        ("drift: {every: 5m, cron: '* * * * *'}", "drift: has both every and cron; keep one"),
        ("drift: {zone: Middle/Earth}", "drift.zone: 'Middle/Earth' is not a time zone such as Europe/Berlin"),
        ("drift: {zone: ../../etc/passwd}", "drift.zone: '../../etc/passwd' is not a time zone such as Europe/Berlin"),
        ("drift: {channel: drift}", "drift.channel: 'drift' is not a channel such as #deploys, or its id"),
        ("drift: {ignore: {kind: Job}}", "drift.ignore has no 'why', which it needs"),
        (
            "drift: {ignore: {why: noise}}",
            "drift.ignore: would ignore everything; say which kind, name, path or manager",
        ),
        (
            "drift: {ignore: {why: noise, path: spec}}",
            "drift.ignore.0.path: 'spec' is not a JSON pointer",
        ),
        ("people: {ana: {}}", "people.ana: 'ana' is not a Slack user id such as U123ABC, or terminal"),
        ("people: {U1: {github: a b}}", "people.U1.github: 'a b' is not a GitHub login"),
        ("people: {U1: {github: ana}, U2: {github: Ana}}", "people.U2.github: 'Ana' is U1's already"),
        ("people: {U1: ana}", "people.U1 must hold keys"),
        ("people: [U1]", "people must hold keys"),
        ("roles: {r: {may: [], in: staging}}", "roles.r.may is empty, but needs at least one entry"),
        ("roles: {r: {may: promote}}", "roles.r has no 'in', which it needs"),
        ("roles: {r: {may: {a: b}, in: '*'}}", "roles.r.may must be text; quote it if it begins with { or ["),
        ("services: {a: {aliases: x}, b: {aliases: X}}", "services.b.aliases: 'X' means a already"),
        ("services: {a: {}, A: {}}", "services: A and a differ in capitals only"),
        ("services: {-a: {}}", "services.-a: '-a' is not a name: letters, digits, dots, dashes and underscores"),
        ("services: {a: {repository: x}}", "services.a.repository: unknown repository 'x'; known are config"),
        ("author: {name: 'x <y>'}", "author.name: 'x <y>' is not a commit author's name"),
        ("author: {email: x}", "author.email: 'x' is not an e-mail address"),
        ("colour: red", "unknown key 'colour' under the file; known are repositories, environments"),
    ],
)
def test_a_value_of_no_known_form_has_its_sentence(tmp_path: Path, more: str, sentence: str) -> None:
    (problem,) = problems(tmp_path, f"{SMALLEST}{more}\n")
    assert problem.startswith(f"quarterdeck.yaml:3: {sentence}")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("branch: -x", "repositories.config.branch: '-x' is not a branch's name"),
        ("branch: a..b", "repositories.config.branch: 'a..b' is not a branch's name"),
        ("branch: a.lock", "repositories.config.branch: 'a.lock' is not a branch's name"),
    ],
)
def test_a_branch_that_git_would_refuse_is_refused(tmp_path: Path, key: str, sentence: str) -> None:
    assert problems(tmp_path, SMALLEST.replace("{url:", f"{{{key}, url:")) == [f"quarterdeck.yaml:1: {sentence}"]


def test_no_jitter_is_a_jitter(tmp_path: Path) -> None:
    assert settings(tmp_path, SMALLEST + "drift: {jitter: 0s}\n").drift.jitter == timedelta()


def test_two_environments_in_one_folder_are_refused(tmp_path: Path) -> None:
    text = f"""\
{SMALLEST.splitlines()[0]}
environments:
  staging: {{path: "apps/{{service}}"}}
  production: {{path: ["live/{{service}}", "apps/{{service}}/"]}}
"""
    assert problems(tmp_path, text) == [
        "quarterdeck.yaml:4: environments.production.path: 'apps/{service}' is staging's already"
    ]


def test_an_environment_must_say_which_of_several_repositories(tmp_path: Path) -> None:
    text = SMALLEST.replace("{config:", "{other: {url: /srv/other}, config:")
    assert problems(tmp_path, text) == [
        "quarterdeck.yaml:2: environments.staging needs 'repository', one of config, other"
    ]


def test_a_file_with_nothing_in_it_says_what_it_needs(tmp_path: Path) -> None:
    assert problems(tmp_path, "# later\n") == [
        "quarterdeck.yaml:1: the file has no 'environments', which it needs",
        "quarterdeck.yaml:1: the file has no 'repositories', which it needs",
    ]


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Refusal, match=r"no.yaml can't be read: No such file or directory\. Name the config with --config\."
    ):
        load(tmp_path / "no.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(Refusal, match=r"latin.yaml is not UTF-8 text \(byte 3\)\.$"):
        load(tmp_path / "latin.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert settings(tmp_path, "\ufeff" + SMALLEST) == settings(tmp_path, SMALLEST)


def test_loading_imports_no_heavy_library(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(WHOLE)
    heavy = "{'kubernetes', 'github', 'git', 'sqlalchemy', 'slack_bolt', 'apscheduler', 'ruamel'}"
    program = (
        "import sys; from pathlib import Path; from bot.config.settings import load; load(Path(sys.argv[1]));"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "q.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_large_config_loads_fast(tmp_path: Path) -> None:
    many = "".join(f"  service-{n}: {{namespace: n{n}, aliases: [s{n}]}}\n" for n in range(1000))
    begun = time.perf_counter()
    assert len(settings(tmp_path, f"{SMALLEST}services:\n{many}").catalog.services) == 1000
    assert time.perf_counter() - begun < 1


def test_the_places_of_a_services_version(tmp_path: Path) -> None:
    pins = "[{file: values.yaml, path: 'images[0].tag', document: 1}, {path: image_tag}]"
    catalog = settings(tmp_path, f"{SMALLEST}services: {{payment: {{pins: {pins}}}}}\n").catalog
    assert catalog.services["payment"].pins == (Place("images[0].tag", "values.yaml", 1), Place("image_tag"))


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("{file: values.yaml}", "path"),
        ("{path: 'a..b'}", "'a..b' is not a place such as image.tag or images[0].tag"),
        ("{path: a, file: /etc/passwd}", "'/etc/passwd' is not a file's path from the service's folder"),
        ("{path: a, document: -1}", "services.payment.pins.0.document must be 0 or more"),
        ("{path: a, document: one}", "services.payment.pins.0.document must be a whole number"),
    ],
)
def test_a_place_that_is_none(tmp_path: Path, pin: str, why: str) -> None:
    (problem,) = problems(tmp_path, f"{SMALLEST}services: {{payment: {{pins: [{pin}]}}}}\n")
    assert why in problem


def test_what_a_pull_request_gets(tmp_path: Path) -> None:
    gets = "reviewers: acme/sre, labels: [release, tier 1], assign: true, draft: true"
    text = SMALLEST.replace("staging: {", f"staging: {{{gets}, ") + "services: {payment: {source: acme/payment}}\n"
    catalog = settings(tmp_path, text).catalog
    staging = catalog.environments["staging"]
    assert (staging.reviewers, staging.labels) == (("acme/sre",), ("release", "tier 1"))
    assert (staging.assign, staging.draft, staging.merge) == (True, True, Merge.BY_HAND)
    assert catalog.services["payment"].source == "acme/payment"
    ready = SMALLEST.replace("staging: {", "staging: {merge: when-ready, assign: false, ")
    environment = settings(tmp_path, ready).catalog.environments["staging"]
    assert (environment.merge, environment.assign, environment.draft) == (Merge.WHEN_READY, False, False)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (
            "draft: true, merge: when-ready",
            "environments.staging: has draft: true and merge: when-ready, but a draft is never ready; keep one",
        ),
        ("draft: yes", "environments.staging.draft: must be true or false"),
        ("merge: later", "environments.staging.merge must be 'by-hand' or 'when-ready'"),
        ("labels: 'a,b'", "environments.staging.labels: 'a,b' is not a label: up to 50 characters, without commas"),
    ],
)
def test_what_a_pull_request_can_not_get(tmp_path: Path, key: str, why: str) -> None:
    found = problems(tmp_path, SMALLEST.replace("staging: {", f"staging: {{{key}, "))
    assert found == [f"quarterdeck.yaml:2: {why}"]


def test_a_source_is_owner_and_name(tmp_path: Path) -> None:
    found = problems(tmp_path, f"{SMALLEST}services: {{payment: {{source: https://acme/payment}}}}\n")
    assert found == [
        "quarterdeck.yaml:3: services.payment.source: 'https://acme/payment' is not a repository as owner/name"
    ]


GATED = """\
repositories: {config: {url: https://github.com/acme/gitops.git}}
environments:
  staging: {path: "staging/{service}", cluster: staging}
  production: {path: "production/{service}", cluster: production, after: staging, soak: 30m}
"""


def test_what_a_version_has_to_do_in_an_environment(tmp_path: Path) -> None:
    text = """\
repositories: {config: {url: https://github.com/acme/gitops.git}}
deployments: true
environments:
  staging:
    path: staging/{service}
    cluster: staging
    healthy_for: 5m
    timeout: 1h
    on_failure: rollback
    verify:
    - {url: "https://{service}.example.com/healthz?v={version}", status: 204, contains: ok}
    - {prometheus: "http://prometheus.monitoring:9090/", query: 'rate(errors{app="{service}"}[5m])', below: 0.5}
    - {job: "{service}-smoke"}
  production: {path: "production/{service}", after: staging, soak: 1d, deployments: false}
"""
    staging, production = settings(tmp_path, text).catalog.environments.values()
    assert staging.verification == Verification(
        timedelta(minutes=5),
        timedelta(hours=1),
        (
            UrlProbe("https://{service}.example.com/healthz?v={version}", 204, "ok"),
            QueryProbe("http://prometheus.monitoring:9090", 'rate(errors{app="{service}"}[5m])', above=None, below=0.5),
            JobProbe("{service}-smoke"),
        ),
        OnFailure.ROLLBACK,
    )
    assert (staging.after, staging.soak, staging.deployments) == (None, timedelta(), True)
    assert (production.after, production.soak, production.deployments) == ("staging", timedelta(days=1), False)
    assert production.verification == Verification(timedelta(seconds=30), timedelta(minutes=30), (), OnFailure.OFFER)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("after: staging", "after: production", "4: environments.production.after: production can't come after itself"),
        (
            "after: staging",
            "after: stagin",
            "4: environments.production.after: unknown environment 'stagin'; did you mean 'staging'?",
        ),
        (
            "cluster: staging}",
            "cluster: staging, after: production}",
            "3: environments.staging.after: production stands below staging, and the order of environments is",
        ),
        (
            ", cluster: staging}",
            "}",
            "4: environments.production.after: staging has no cluster, so nobody could tell whether a version is",
        ),
        (
            "after: staging, ",
            "",
            "4: environments.production: has soak without after; name the environment in which versions soak",
        ),
        (
            "soak: 30m",
            "soak: half an hour",
            "4: environments.production.soak: 'half an hour' is not a duration such as",
        ),
        (
            "soak: 30m",
            "healthy_for: 30m",
            "4: environments.production: has a healthy_for that is not shorter than its timeout, so no version could",
        ),
        (
            "cluster: production, ",
            "on_failure: rollback, ",
            "4: environments.production: has no cluster, so no version could be verified or seen to fail there",
        ),
        (
            "soak: 30m",
            "on_failure: panic",
            "4: environments.production.on_failure must be 'offer', 'rollback' or 'nothing'",
        ),
    ],
)
def test_an_order_that_can_not_be_kept(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert settings(tmp_path, GATED).catalog.environments["production"].soak == timedelta(minutes=30)
    (problem,) = problems(tmp_path, GATED.replace(old, new))
    assert problem.startswith(f"quarterdeck.yaml:{sentence}")


ONE_KIND = "verify: needs exactly one of url, query and job"


@pytest.mark.parametrize(
    ("probe", "sentence"),
    [
        ("{}", ONE_KIND),
        ("{url: https://a.example, job: smoke}", ONE_KIND),
        ("{prometheus: https://p.example, job: smoke}", "verify: needs prometheus and query together"),
        ("{query: up, above: 0}", "verify: needs prometheus and query together"),
        ("{prometheus: https://p.example, query: up}", "verify: has a query without a bound; add above or below"),
        (
            "{prometheus: https://p.example, query: up, above: 2, below: 2}",
            "verify: has bounds between which no value is; above must be less than below",
        ),
        ("{prometheus: https://p.example, query: up, above: .inf}", "verify.0.above must be a number"),
        ("{prometheus: https://p.example, query: up, above: inf}", "verify.0.above must be a number"),
        ("{job: smoke, status: 204}", "verify: has status, which is for a url"),
        ("{job: Smoke}", "verify.0.job: 'Smoke' is not a Job's name"),
        ("{url: https://a.example, status: 600}", "verify.0.status must be 599 or less"),
        ("{url: https://a.example, status: 99}", "verify.0.status must be 100 or more"),
        ("{url: ftp://a.example}", "verify.0.url: must begin with https:// or http://"),
        ("{url: file:///etc/passwd}", "verify.0.url: must begin with https:// or http://"),
        ("{url: 'https://'}", "verify.0.url: is not a well-formed address"),
        ("{url: 'https://u:hunter2@a.example'}", "verify.0.url: carries credentials; remove them"),
        ("{url: 'https://a.example/#{version}'}", "verify.0.url: has a # part, which is never sent"),
        (
            "{url: 'https://a.example/{tag}'}",
            "verify.0.url: has braces other than {service}, {environment}, {version}",
        ),
        ("{url: 'https://{version}/'}", "verify.0.url: has {version} in the host's name; it belongs behind it"),
        (
            "{prometheus: 'https://p.example?token=hunter2', query: up, above: 0}",
            "verify.0.prometheus: must be an address alone: no ? or # part",
        ),
    ],
)
def test_a_probe_that_can_not_be_made(tmp_path: Path, probe: str, sentence: str) -> None:
    text = GATED.replace("cluster: staging}", f"cluster: staging, verify: {probe}}}")
    assert problems(tmp_path, text) == [f"quarterdeck.yaml:3: environments.staging.{sentence}"]
