import pytest
from trees import Files

from bot.errors import Refusal
from bot.manifests import layout
from bot.manifests.layout import Folder
from bot.model.catalog import Environment


def environment(*paths: str) -> Environment:
    return Environment("production", paths, "config")


@pytest.mark.parametrize(
    ("paths", "files", "found"),
    [
        pytest.param(
            ["environments/production/{service}"],
            ["environments/production/payment/kustomization.yaml", "environments/production/api/deployment.yml"],
            {"api": ("environments/production/api",), "payment": ("environments/production/payment",)},
            id="by environment",
        ),
        pytest.param(
            ["apps/{service}/overlays/prod"],
            ["apps/payment/overlays/prod/Kustomization", "apps/payment/base/a.yaml", "apps/lib/base/a.yaml"],
            {"payment": ("apps/payment/overlays/prod",)},
            id="by service",
        ),
        pytest.param(
            ["eu/{service}", "us/{service}/"],
            ["eu/payment/a.yaml", "us/payment/a.yaml", "us/api/a.json"],
            {"api": ("us/api",), "payment": ("eu/payment", "us/payment")},
            id="row-85 several folders",
        ),
        pytest.param(
            ["{service}"], ["payment/a.yaml", ".github/a.yaml", "README.md"], {"payment": ("payment",)}, id="root"
        ),
        pytest.param(
            ["svc-{service}-prod"], ["svc-a-b-prod/x.yaml", "svc--prod/x.yaml"], {"a-b": ("svc-a-b-prod",)}, id="part"
        ),
        pytest.param(
            ["./a//{service}/{service}-x/"], ["a/b/b-x/k.yaml", "a/c/b-x/k.yaml"], {"b": ("a/b/b-x",)}, id="twice"
        ),
        pytest.param(["a/{service}"], ["a/docs/README.md", "a/deep/er/x.yaml"], {}, id="no manifests"),
        pytest.param(["a/{service}"], [], {}, id="nothing there"),
        pytest.param(
            ["image-tags/prod/{service}"],
            [
                "image-tags/prod/payment",
                "image-tags/prod/README.md",
                "image-tags/prod/OWNERS",
                "image-tags/prod/a.yaml",
            ],
            {"payment": ("image-tags/prod/payment",)},
            id="row-102 files without an extension",
        ),
        pytest.param(["{service}"], ["payment/a.yaml", "justfile"], {"payment": ("payment",)}, id="folders, not files"),
        pytest.param(
            ["argocd/{service}.yaml", "apps/{service}/values-prod.yaml"],
            ["argocd/payment.yaml", "argocd/kustomization.yaml", "argocd/x.yml", "apps/payment/values-prod.yaml"],
            {"payment": ("argocd/payment.yaml", "apps/payment/values-prod.yaml")},
            id="row-102 files",
        ),
    ],
)
def test_services_are_found_by_templates(paths: list[str], files: list[str], found: dict[str, tuple[str, ...]]) -> None:
    assert layout.services(Files(dict.fromkeys(files, "")), environment(*paths)) == found


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../{service}", "The path ../{service} leads out of the repository."),
        ("/etc/{service}", "The path /etc/{service} leads out of the repository."),
        ("a/../../{service}", "The path a/../../{service} leads out of the repository."),
        ("apps/payment", "The path apps/payment must hold {service}, so that services can be told apart."),
    ],
)
def test_row_61_a_template_stays_in_the_repository(path: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        layout.services(Files({}), environment(path))
    assert str(refusal.value) == why


def test_a_folder_that_is_not_there() -> None:
    assert layout.folder(Files({"a/b.yaml": ""}), "a/c") is None


def test_a_plain_folder_is_the_manifests_directly_in_it() -> None:
    files = Files(dict.fromkeys(["a/x.yaml", "a/y.yml", "a/z.json", "a/README.md", "a/b/deep.yaml"], ""))
    assert layout.folder(files, "a") == Folder("a", None, ("a/x.yaml", "a/y.yml", "a/z.json"))


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_row_77_a_kustomization_names_its_files_and_bases(name: str) -> None:
    content = "resources: [../base, ./d.yaml]\ncomponents: [../c]\npatches: [{path: p/q.yaml}, {patch: x}]\n"
    files = {
        f"a/{name}": content,
        "base/kustomization.yaml": "",
        "a/d.yaml": "",
        "c/Kustomization": "",
        "a/p/q.yaml": "",
    }
    found = layout.folder(Files({**files, "a/unnamed.yaml": ""}), "a")
    assert found is not None
    assert found.kustomization is not None
    assert (found.kustomization.file, found.files, found.patches) == (f"a/{name}", ("a/d.yaml",), ("a/p/q.yaml",))


def test_row_102_a_file_alone_is_all_that_it_is_made_of() -> None:
    found = layout.folder(Files({"tags/payment": "image_tag: v1\n"}), "tags/payment")
    assert found == Folder("tags/payment", None, ("tags/payment",), is_file=True)


def test_row_77_two_kustomizations_are_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        layout.folder(Files({"a/kustomization.yaml": "", "a/Kustomization": ""}), "a")
    assert str(refusal.value) == (
        "a has kustomization.yaml and Kustomization; Kustomize takes only one, so remove the others."
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "https://github.com/acme/base?ref=v1",
            "names a remote base (https://github.com/acme/base?ref=v1); only files",
        ),
        ("github.com/acme/base", "names a remote base"),
        ("github.com/acme/base//deploy?ref=v1", "names a remote base"),
        ("git@github.com:acme/base", "names a remote base"),
        ("git::https://github.com/acme/base", "names a remote base"),
        ("file:///etc/passwd", "names a remote base"),
        ("base?ref=v1", "names a remote base"),
        ("../../../etc", "a/kustomization.yaml:2: ../../../etc leads out of the repository."),
        ("/etc/passwd", "a/kustomization.yaml:2: /etc/passwd leads out of the repository."),
        ("../missing", "a/kustomization.yaml:2 names ../missing, which is not in the repository."),
    ],
)
def test_row_61_a_kustomization_stays_in_the_repository(name: str, why: str) -> None:
    with pytest.raises(Refusal) as refusal:
        layout.folder(Files({"a/kustomization.yaml": f"resources:\n- {name}\n"}), "a")
    assert why in str(refusal.value)


@pytest.mark.parametrize(
    ("files", "link"),
    [({"a/x.yaml": ""}, "a/kustomization.yaml"), ({"a/kustomization.yaml": "resources: [x.yaml]\n"}, "a/x.yaml")],
)
def test_row_61_a_symbolic_link_is_refused_not_overlooked(files: dict[str, str], link: str) -> None:
    with pytest.raises(Refusal) as refusal:
        layout.folder(Files(files, symlinks=[link]), "a")
    assert str(refusal.value) == f"{link} is a symbolic link; it is not followed."


def test_a_folder_here_that_looks_like_a_host_is_no_remote_base() -> None:
    files = Files({"a/kustomization.yaml": "resources: [x.y/z/w]\n", "a/x.y/z/w/kustomization.yaml": ""})
    found = layout.folder(files, "a")
    assert found is not None
    assert found.bases == ("a/x.y/z/w",)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        layout.text(Files({}), "a/b.yaml")
    assert str(refusal.value) == "a/b.yaml is not a file of the repository."
