"""Kustomizations, rendered by the real kubectl; what must not be rendered is refused before it starts."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server, socket

import pytest
from contracts.rendering.tree import Files

from bot.errors import Refusal, Unavailable
from bot.mirrors.folder import Mirrors
from bot.model.catalog import Repository, Target
from bot.rendering import kubectl, sandbox
from bot.rendering.renderer import Renderer

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers: [{name: api, image: registry.example.com/api}]
"""
OVERLAY = {
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "env/kustomization.yaml": """
resources: [../base]
components: [../logging]
namespace: shop
images: [{name: registry.example.com/api, newTag: v1.2.3}]
patches:
- path: replicas.yaml
- target: {kind: Deployment}
  patch: |-
    - {op: add, path: /spec/minReadySeconds, value: 5}
replacements: [{path: replacement.yaml}]
configMapGenerator:
- {name: settings, files: [app.conf, key=../shared/other.conf], envs: [../shared/vars.env], literals: [a=b]}
generatorOptions: {disableNameSuffixHash: true}
transformers: [../shared/prefix.yaml]
""",
    "env/replicas.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 3}\n",
    "env/replacement.yaml": """
source: {kind: ConfigMap, name: settings, fieldPath: data.a}
targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.a], options: {create: true}}]
""",
    "env/app.conf": "x = 1\n",
    "shared/other.conf": "y = 2\n",
    "shared/vars.env": "Z=3\n",
    "shared/prefix.yaml": "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: my-\n"
    "fieldSpecs: [{path: metadata/name}]\n",
    "logging/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
    "configMapGenerator: [{name: logging, literals: [level=info], options: {disableNameSuffixHash: true}}]\n",
}


def test_an_overlay_with_all_that_may_name_files() -> None:
    found = {each["kind"] + " " + each["metadata"]["name"]: each for each in Renderer().render(Files(OVERLAY), "env")}
    assert sorted(found) == ["ConfigMap my-logging", "ConfigMap my-settings", "Deployment my-api"]
    api = found["Deployment my-api"]
    assert api["metadata"] == {"name": "my-api", "namespace": "shop", "annotations": {"a": "b"}}
    assert (api["spec"]["replicas"], api["spec"]["minReadySeconds"]) == (3, 5)
    assert api["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example.com/api:v1.2.3"
    assert found["ConfigMap my-settings"]["data"] == {"app.conf": "x = 1\n", "key": "y = 2\n", "Z": "3", "a": "b"}


def test_rows_10_to_12_what_kustomize_prints_is_read_as_it_means() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {sha: '123e4567'}}\n"
    text += "data: {eq: =, no: 'NO'}\nmode: 0644\n"
    (found,) = Renderer().render(Files({"app/kustomization.yml": "resources: [a.yaml]\n", "app/a.yaml": text}), "app")
    assert (found["metadata"]["labels"], found["data"], found["mode"]) == (
        {"sha": "123e4567"},
        {"eq": "=", "no": "NO"},
        420,
    )


def test_the_root_may_be_a_kustomization() -> None:
    assert len(Renderer().render(Files({"Kustomization": "resources: [base]\n", **OVERLAY}), "")) == 1


def test_images_that_argo_cd_is_told_beside_a_kustomization_win() -> None:
    target = Target("api", "production", "config", ("env",))
    renderer, tree = Renderer(), Files(OVERLAY)
    images = {
        image: renderer.render(
            tree.writing("env/.argocd-source-api.yaml", f"kustomize: {{images: ['{image}']}}\n"), "env", target
        )[-1]["spec"]["template"]["spec"]["containers"][0]["image"]
        for image in (
            "registry.example.com/api:v2",
            f"registry.example.com/api@sha256:{'a' * 64}",
            "registry.example.com/api=elsewhere.example.com/other:v3",
            "nothing.example.com/here:v4",
        )
    }
    assert list(images.values()) == [
        "registry.example.com/api:v2",
        f"registry.example.com/api@sha256:{'a' * 64}",
        "elsewhere.example.com/other:v3",
        "registry.example.com/api:v1.2.3",
    ]
    assert "env/.argocd-source-api.yaml" in renderer.inputs(tree, "env", target)
    other = tree.writing("env/.argocd-source-ledger.yaml", "kustomize: {images: ['registry.example.com/api:v9']}\n")
    assert renderer.render(other, "env", target) == renderer.render(tree, "env")


def test_row_117_a_generated_name_is_refused_by_kustomize_and_named() -> None:
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n"
    with pytest.raises(Refusal, match=r"^app can't be rendered by kustomize: .*(name|a\.yaml)"):
        Renderer().render(Files({"app/kustomization.yml": "resources: [a.yaml]\n", "app/a.yaml": job}), "app")


# What must not be rendered.


@pytest.fixture
def listener() -> Iterator[socket]:
    """A server that must never be spoken to."""
    with closing(create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: ['http://{address}/a.yaml']",
        "resources: ['http:/{address}/a.yaml']",
        "resources: ['git::http://{address}/a']",
        "resources: ['HTTP://{address}/a//b?ref=v1']",
        "bases: ['http://{address}/a']",
        "components: ['http://{address}/a']",
        "crds: ['http://{address}/a.json']",
        "configurations: ['http://{address}/a.yaml']",
        "openapi: {{path: 'http://{address}/a.json'}}",
        "patches: [{{path: 'http://{address}/a.yaml'}}]",
        "patchesStrategicMerge: ['http://{address}/a.yaml']",
        "patchesJson6902: [{{target: {{kind: A, name: b, version: v1}}, path: 'http://{address}/a.yaml'}}]",
        "replacements: [{{path: 'http://{address}/a.yaml'}}]",
        "generators: ['http://{address}/a.yaml']",
        "transformers: ['http://{address}/a.yaml']",
        "validators: ['http://{address}/a.yaml']",
        "configMapGenerator: [{{name: a, files: ['http://{address}/a']}}]",
        "secretGenerator: [{{name: a, files: ['k=http://{address}/a']}}]",
        "configMapGenerator: [{{name: a, envs: ['http://{address}/a']}}]",
        "configMapGenerator: [{{name: a, env: 'http://{address}/a'}}]",
    ],
)
def test_nothing_remote_is_ever_asked_for(listener: socket, kustomization: str) -> None:
    address = "{}:{}".format(*listener.getsockname())
    text = f"namePrefix: x-\n{kustomization.format(address=address)}\n"
    # The path is there as well, so that only its form can give it away.
    local = {f"app/http:/{address}/{name}": DEPLOYMENT for name in ("a", "a.yaml", "a.json")}
    with pytest.raises(Refusal, match=r"^app/kustomization.yaml:2 names a remote base"):
        Renderer().render(Files({"app/kustomization.yaml": text, **local}), "app")
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    "base",
    [
        "github.com/org/repo",
        "GitHub.com/org/repo",
        "github.com:org/repo",
        "git@github.com:org/repo",
        "git@host.example.com:org/repo.git",
        "user@host.example.com/org/repo",
        "ssh://git@host.example.com/org/repo",
        "file:///srv/repo",
        "s3::https://s3.amazonaws.com/x",
        "gitlab.example.com/org/repo?ref=v1",
    ],
)
def test_forms_that_kustomize_fetches_are_refused_even_where_such_a_folder_is(base: str) -> None:
    tree = Files({"app/kustomization.yaml": f"resources: ['{base}']\n", f"app/{base}/kustomization.yaml": ""})
    with pytest.raises(Refusal, match=r"^app/kustomization.yaml:1 names a remote base"):
        Renderer().render(tree, "app")


def test_a_host_and_a_path_is_remote_unless_there_is_such_a_folder() -> None:
    tree = Files({"app/kustomization.yaml": "resources: [host.example.com/org/repo]\n"})
    with pytest.raises(Refusal, match=r"^app/kustomization.yaml:1 names a remote base"):
        Renderer().render(tree, "app")
    tree = tree.writing("app/host.example.com/org/repo/kustomization.yaml", "configMapGenerator: [{name: a}]\n")
    assert [each["kind"] for each in Renderer().render(tree, "app")] == ["ConfigMap"]


PLUGIN = """apiVersion: example.com/v1
kind: Tool
metadata:
  name: t
  annotations:
    config.kubernetes.io/function: |
"""
EXEC, CONTAINER = PLUGIN + "      exec: {path: ./tool}\n", PLUGIN + "      container: {image: tool}\n"
CHART = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: c}\nname: c\n"
RUNS = "configures a plugin that runs a program"

REFUSED = {
    "out of the repository": (
        "resources: [../../etc]",
        "app/kustomization.yaml:1: ../../etc leads out of the repository",
    ),
    "absolute": ("resources: [/etc/passwd]", "app/kustomization.yaml:1: /etc/passwd leads out of the repository"),
    "a file out of the repository": (
        "configMapGenerator: [{name: a, files: [k=../../../etc/passwd]}]",
        "app/kustomization.yaml:1: ../../../etc/passwd leads out of the repository",
    ),
    "an absolute file": (
        "secretGenerator: [{name: a, envs: [/proc/self/environ]}]",
        "app/kustomization.yaml:1: /proc/self/environ leads out of the repository",
    ),
    "itself": ("resources: [.]", "app/kustomization.yaml:1 makes app build on itself"),
    "a circle": ("resources: [../circle]", "circle/kustomization.yaml:1 makes app build on itself"),
    "not there": (
        "\nresources:\n- nope.yaml",
        "app/kustomization.yaml:3 names nope.yaml, which is not in the repository",
    ),
    "a file not there": (
        "patches: [{path: nope.yaml}]",
        "app/kustomization.yaml:1 names app/nope.yaml, which is no file",
    ),
    "no kustomization there": (
        "resources: [../files]",
        "app/kustomization.yaml:1 names the folder files, which has no",
    ),
    "a generator that runs": ("generators: [exec.yaml]", f"app/exec.yaml:1 {RUNS}"),
    "a transformer that runs": ("transformers: [container.yaml]", f"app/container.yaml:1 {RUNS}"),
    "a validator that runs": ("validators: [exec.yaml]", f"app/exec.yaml:1 {RUNS}"),
    "a plugin in the text itself": (f"transformers: [{json.dumps(EXEC)}]", f"app/kustomization.yaml:1 {RUNS}"),
    "a plugin's folder": ("generators: [../base]", "app/kustomization.yaml:1 names base, which is no file"),
    "a chart by a plugin": ("generators: [chart.yaml]", f"app/chart.yaml:1 {RUNS}"),
    "a chart": ("helmCharts: [{name: x}]", "app/kustomization.yaml:1 asks for the chart x, which is not in"),
    "a plugin's file out of the repository": (
        "transformers: [patch.yaml]",
        "app/patch.yaml:3: ../../x.yaml leads out of the repository",
    ),
    "an unknown field": (
        "resuorces: []",
        "app/kustomization.yaml:1 has the field 'resuorces', which kustomize does not know",
    ),
    "no mapping": ("- a", "app/kustomization.yaml is no kustomization"),
    "no YAML": ("a: [", "app/kustomization.yaml:2 is no valid YAML"),
    "an odd name": ('resources: ["a\\nb"]', "app/kustomization.yaml names 'a\\nb', which is no path of a file"),
    "a backslash": ("resources: ['..\\\\x']", "app/kustomization.yaml:1 names"),
    "what kustomize refuses": (
        "resources: [../base/deployment.yaml, ../base]",
        "app can't be rendered by kustomize: ",
    ),
}
AROUND = {
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "circle/kustomization.yaml": "resources: [../app]\n",
    "files/a.yaml": DEPLOYMENT,
    "app/exec.yaml": EXEC,
    "app/container.yaml": CONTAINER,
    "app/chart.yaml": CHART,
    "app/patch.yaml": "apiVersion: builtin\nkind: PatchTransformer\npath: ../../x.yaml\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_or_cannot_be_rendered_is_refused(name: str) -> None:
    text, why = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        Renderer().render(Files({**AROUND, "app/kustomization.yaml": f"{text}\n"}), "app")
    said = str(refused.value)
    assert said.startswith(why)
    assert said.isprintable()
    assert "/tmp" not in said  # noqa: S108 - no folder of this machine is told


def test_two_kustomizations_are_one_too_many() -> None:
    tree = Files({"app/kustomization.yaml": "", "app/Kustomization": ""})
    with pytest.raises(Refusal, match=r"^app has app/kustomization.yaml and app/Kustomization"):
        Renderer().render(tree, "app")


def git(folder: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_CONFIG_GLOBAL": "/dev/null"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com", "PATH": os.environ["PATH"]}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=identity)


@pytest.mark.parametrize("name", ["deployment.yaml", "conf", "base"])
def test_symlinks_of_a_real_repository_are_not_followed(tmp_path: Path, name: str) -> None:
    work, secret = tmp_path / "work", tmp_path / "secret"
    (work / "app").mkdir(parents=True)
    secret.mkdir()
    for file in ("kustomization.yaml", "deployment.yaml", "conf"):
        (secret / file).write_text("token: hunter2\n")
    (work / "app" / "kustomization.yaml").write_text(
        "resources: [base]\n"
        if name == "base"
        else f"resources: [{name}]\nconfigMapGenerator: [{{name: a, files: [{name}]}}]\n"
    )
    (work / "app" / name).symlink_to(secret if name == "base" else secret / name)
    git(work, "init", "--quiet", "--initial-branch", "main")
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "x")
    with Mirrors(tmp_path / "data", {"config": Repository("config", str(work))}) as mirrors:
        tree = mirrors.reader().head("config")
        with pytest.raises(Refusal) as refused:
            Renderer().render(tree, "app")
    assert "symlink" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_hostile_file_names_are_names(tmp_path: Path) -> None:
    odd = {f"app/{name}": f"{number}" for number, name in enumerate(("a b", "-o", "$(touch x)", "ü'\"", "..."))}
    listed = json.dumps(
        [f"k{number}={path.removeprefix('app/')}" for number, path in enumerate(odd)], ensure_ascii=False
    )
    tree = Files({**odd, "app/kustomization.yaml": f"configMapGenerator: [{{name: a, files: {listed}}}]\n"})
    (found,) = Renderer(tmp_path).render(tree, "app")
    assert found["data"] == {f"k{number}": f"{number}" for number in range(5)}


def test_kubectl_finds_no_git() -> None:
    with pytest.raises(Refusal, match="no 'git' program on path"):
        # Past the walk: what kustomize itself says to a remote base.
        kubectl.kustomize({"app/kustomization.yaml": b"resources: [github.com/org/repo]\n"}, "app")


@pytest.mark.parametrize(
    ("program", "files"),
    [("/nowhere/kustomize", {}), ("true", {f"app/{'a' * 300}": b""})],
    ids=["a program that is gone", "a name too long for the disk"],
)
def test_what_the_disk_refuses_is_told_of_its_folder(program: str, files: dict[str, bytes]) -> None:
    with pytest.raises(Unavailable, match="app could not be given to kustomize: "):
        sandbox.run(sandbox.Command("kustomize", program, []), files, "app", secret=False)


def test_our_environment_is_not_kustomizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    # A name alone in such a file is given its value from the environment.
    tree = {"app/kustomization.yaml": "configMapGenerator: [{name: a, envs: [names]}]\n", "app/names": "GITHUB_TOKEN\n"}
    assert "hunter2" not in repr(Renderer().render(Files(dict(tree)), "app"))


def test_a_refusal_does_not_repeat_what_a_patch_holds() -> None:
    patch = "patches: [{target: {kind: Secret}, patch: 'token: [hunter2'}]\n"
    with pytest.raises(Refusal, match=r"^app can't be rendered by kustomize: ") as refused:
        Renderer().render(Files({"app/kustomization.yaml": patch}), "app")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (kubectl.Limits(output=100), "app renders to more than 100 bytes"),
        (
            kubectl.Limits(memory=256 * 2**20),
            "app can't be rendered by kustomize: it took more memory than it is given",
        ),
        (kubectl.Limits(seconds=0.001), "app took kustomize more than 0.001 seconds"),
    ],
)
def test_a_render_that_takes_too_much_is_ended_and_refused(limits: kubectl.Limits, why: str) -> None:
    text = "configMapGenerator: [{name: a, literals: [k=%s]}]\n" % ("x" * 200)
    with pytest.raises(Refusal, match=why):
        kubectl.kustomize({"app/kustomization.yaml": text.encode()}, "app", limits)


# The cache.


def on_disk(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.json"))


def test_the_same_files_are_rendered_once(tmp_path: Path) -> None:
    renderer, tree = Renderer(tmp_path), Files(OVERLAY)
    first = renderer.render(tree, "env")
    assert renderer.render(Files(OVERLAY, commit="1" * 40), "env") is first


def test_a_restart_takes_the_render_from_the_disk(tmp_path: Path) -> None:
    first = Renderer(tmp_path).render(Files(OVERLAY), "env")
    (file,) = on_disk(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    kept = json.loads(file.read_text())
    assert kept["objects"] == list(first)
    # Told apart from a new render by a mark in the kept one.
    kept["objects"][0]["metadata"]["name"] = "kept"
    file.write_text(json.dumps(kept))
    assert Renderer(tmp_path).render(Files(OVERLAY), "env")[0]["metadata"]["name"] == "kept"


@pytest.mark.parametrize("path", ["base/deployment.yaml", "env/kustomization.yaml", "shared/vars.env"])
def test_any_input_that_changes_makes_it_render_again(tmp_path: Path, path: str) -> None:
    renderer, tree = Renderer(tmp_path), Files(OVERLAY)
    before = renderer.render(tree, "env")
    changed = tree.writing(path, str(OVERLAY[path]) + "\n# another\n")
    assert renderer.render(changed, "env") is not before


def test_a_second_kustomization_in_a_base_is_noticed(tmp_path: Path) -> None:
    renderer, tree = Renderer(tmp_path), Files(OVERLAY)
    renderer.render(tree, "env")
    with pytest.raises(Refusal, match="takes one"):
        renderer.render(tree.writing("base/kustomization.yml", ""), "env")


def test_a_file_that_is_no_input_changes_nothing(tmp_path: Path) -> None:
    renderer, tree = Renderer(tmp_path), Files(OVERLAY)
    assert renderer.render(tree.writing("shared/unused.yaml", "x"), "env") is renderer.render(tree, "env")


@pytest.mark.parametrize("broken", [b"{", b'{"identities": {}}', b"\xff"])
def test_a_broken_file_of_the_cache_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    first = Renderer(tmp_path).render(Files(OVERLAY), "env")
    (file,) = on_disk(tmp_path)
    file.write_bytes(broken)
    assert Renderer(tmp_path).render(Files(OVERLAY), "env") == first
    assert on_disk(tmp_path) == [file]


def test_old_renders_leave_the_disk_and_a_full_disk_costs_only_speed(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a%d}\n"
    for number in range(10):
        Renderer(tmp_path).render(Files({"app/a.yaml": text % number}), "app")
    assert len(on_disk(tmp_path)) == 4
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert len(Renderer(blocked).render(Files({"app/a.yaml": text % 1}), "app")) == 1


def test_two_states_of_a_base_are_both_kept(tmp_path: Path) -> None:
    renderer, now = Renderer(tmp_path), Files(OVERLAY)
    before = now.writing("base/deployment.yaml", DEPLOYMENT.replace("name: api}", "name: api, labels: {a: b}}"))
    first, second = renderer.render(now, "env"), renderer.render(before, "env")
    assert first != second
    assert (renderer.render(now, "env"), renderer.render(before, "env")) == (first, second)
    assert renderer.render(now, "env") is first
    assert len(on_disk(tmp_path)) == 2
    anew = Renderer(tmp_path)
    assert (anew.render(now, "env"), anew.render(before, "env")) == (first, second)
    assert len(on_disk(tmp_path)) == 2


def test_what_nobody_asked_for_in_a_month_leaves_the_disk(tmp_path: Path) -> None:
    Renderer(tmp_path).render(Files({"old/a.yaml": DEPLOYMENT}), "old")
    Renderer(tmp_path).render(Files({"kept/a.yaml": DEPLOYMENT}), "kept")
    for path in (*tmp_path.rglob("*.json"), *tmp_path.iterdir()):
        os.utime(path, (0, 0))
    Renderer(tmp_path).render(Files({"kept/a.yaml": DEPLOYMENT}), "kept")  # asked for: no longer old
    Renderer(tmp_path).render(Files({"new/a.yaml": DEPLOYMENT}), "new")
    assert len(on_disk(tmp_path)) == 2


BROKEN = {
    "a tab": ("a:\n\tb: c\n", 2),
    "a bracket": ("kind: A\nb: [\n", 3),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3),
    "a template": ("a: b\nc: {{ .Values.x }}\n", 2),
    "no object": ("a: b\n", 1),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("file", ["base/broken.yaml", "env/kustomization.yaml"])
def test_a_broken_file_of_a_kustomization_is_named_with_its_line(name: str, file: str) -> None:
    text, line = BROKEN[name]
    base = {"base/kustomization.yaml": "resources: [deployment.yaml, broken.yaml]\n", "base/broken.yaml": DEPLOYMENT}
    with pytest.raises(Refusal) as refused:
        Renderer().render(Files({**OVERLAY, **base, file: text}), "env")
    assert str(refused.value).startswith(f"{file}:{line} "), refused.value
