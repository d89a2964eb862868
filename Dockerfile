# One image for flow pod, scheduler, worker and command line: what requirements-run.lock names, this
# project, and its kernels compiled. Runs as 10001 with a read-only root; writes to /runs and /tmp.
#
# BASE_IMAGE is any Debian-like system with Python 3.11 to 3.14 and its venv module. CPU_NAME and
# CPU_FEATURES are what kernels are compiled for: every machine that has them loads the compiled
# code, and all give the same bits. The defaults are x86-64-v3 (Haswell, Zen and later).
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS libraries
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/atlas-forge/venv
# A registry of one's own comes as the secret `pip_conf`, a certificate authority of one's own (named
# there) as `ca_certificates`; no layer keeps them.
COPY requirements-run.lock /opt/build/
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca_certificates \
    /opt/build/bin/pip --python /opt/atlas-forge/venv/bin/python install --require-hashes --no-deps \
    --only-binary :all: -r /opt/build/requirements-run.lock \
    && echo /opt/atlas-forge/app >"$(ls -d /opt/atlas-forge/venv/lib/python3.*/site-packages)/atlas-forge.pth"

# Apart from the libraries, so that a new version of the code is a small layer.
FROM libraries AS code
ARG CPU_NAME=x86-64-v3
ARG CPU_FEATURES=+avx,+avx2,+bmi,+bmi2,+cx16,+f16c,+fma,+fxsr,+lzcnt,+movbe,+popcnt,+sahf,+sse3,+ssse3,+sse4.1,+sse4.2,+xsave
WORKDIR /src
COPY requirements.lock ./
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca_certificates \
    sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock >/opt/build/setuptools.lock \
    && /opt/build/bin/pip install --require-hashes --no-deps -r /opt/build/setuptools.lock
COPY pyproject.toml README.md LICENSE ./
COPY kernels kernels
COPY pipeline pipeline
COPY flows flows
COPY fixtures fixtures
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /src/wheel . \
    && /opt/build/bin/pip --python /opt/atlas-forge/venv/bin/python install --no-index --no-deps \
    --target /opt/atlas-forge/app /src/wheel/atlas_forge-*.whl
ENV NUMBA_CPU_NAME=${CPU_NAME} NUMBA_CPU_FEATURES=${CPU_FEATURES}
RUN cd / && NUMBA_CACHE_DIR=/opt/atlas-forge/numba /opt/atlas-forge/venv/bin/python -m pipeline.warm \
    && chmod -R a+rX /opt/atlas-forge
COPY prefect.yaml* /opt/atlas-forge/

FROM ${BASE_IMAGE}
ARG CPU_NAME=x86-64-v3
ARG CPU_FEATURES=+avx,+avx2,+bmi,+bmi2,+cx16,+f16c,+fma,+fxsr,+lzcnt,+movbe,+popcnt,+sahf,+sse3,+ssse3,+sse4.1,+sse4.2,+xsave
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Atlas Forge" \
      org.opencontainers.image.description="Finds, rates, proves and documents ways to finance an infrastructure project" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
RUN mkdir /runs \
    && printf 'forge:x:10001:10001:Atlas Forge:/tmp:/usr/sbin/nologin\n' >>/etc/passwd \
    && printf 'forge:x:10001:\n' >>/etc/group \
    && chown 10001:10001 /runs
COPY --from=libraries /opt/atlas-forge/venv /opt/atlas-forge/venv
COPY --from=code /opt/atlas-forge/app /opt/atlas-forge/app
COPY --from=code /opt/atlas-forge/numba /opt/atlas-forge/numba
COPY --from=code /opt/atlas-forge/prefect.yaml* /opt/atlas-forge/
ENV PATH=/opt/atlas-forge/app/bin:/opt/atlas-forge/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOME=/tmp PREFECT_HOME=/tmp/prefect DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false \
    NUMBA_CPU_NAME=${CPU_NAME} NUMBA_CPU_FEATURES=${CPU_FEATURES} \
    ATLAS_FORGE_CACHE=/tmp/atlas-forge/numba ATLAS_FORGE_CACHE_SEED=/opt/atlas-forge/numba \
    ATLAS_FORGE_OUT=/runs
USER 10001:10001
WORKDIR /tmp
VOLUME ["/runs"]
ENTRYPOINT ["atlas-forge"]
CMD ["--help"]
