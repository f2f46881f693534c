"""An admission webhook on 127.0.0.1, over TLS with a certificate of its own, that a real API server calls."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Patch = list[dict[str, Any]]
Answers = Callable[[dict[str, Any]], Patch | str | None]
"""What an AdmissionRequest gets: a JSON patch, the sentence of a refusal, or no answer."""


@dataclass
class Webhook:
    url: str
    bundle: str
    dry: list[bool] = field(default_factory=list)
    """Whether each request so far was a dry run."""

    def configuration(self, name: str, *, effects: str = "None", version: str = "v1") -> dict[str, Any]:
        """For objects that bear the label `webhook: <name>`."""
        return {
            "apiVersion": f"admissionregistration.k8s.io/{version}",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [
                {
                    "name": f"{name}.example.com",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"url": self.url, "caBundle": self.bundle},
                    "objectSelector": {"matchLabels": {"webhook": name}},
                    "rules": [
                        {
                            "apiGroups": ["", "apps"],
                            "apiVersions": ["v1"],
                            "operations": ["CREATE", "UPDATE"],
                            "resources": ["configmaps", "deployments"],
                        }
                    ],
                    "sideEffects": effects,
                    "failurePolicy": "Fail",
                    "timeoutSeconds": 5,
                }
            ],
        }


@contextmanager
def serving(folder: Path, answers: Answers) -> Iterator[Webhook]:
    """Answer until the block ends."""
    key, certificate = folder / "webhook.key", folder / "webhook.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    webhook = Webhook("", base64.b64encode(certificate.read_bytes()).decode())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
            webhook.dry.append(bool(request.get("dryRun")))
            answer = answers(request)
            if answer is None:
                self.close_connection = True
                return
            response: dict[str, Any] = {"uid": request["uid"], "allowed": not isinstance(answer, str)}
            if isinstance(answer, str):
                response["status"] = {"code": 403, "message": answer}
            elif answer:
                patch = base64.b64encode(json.dumps(answer).encode()).decode()
                response |= {"patchType": "JSONPatch", "patch": patch}
            review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    webhook.url = f"https://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
